"""What Rapport learns from people's decisions. Pure: texts and labels in, predictions with their reasons out."""

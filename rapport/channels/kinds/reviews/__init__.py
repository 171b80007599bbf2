"""Reviews of an app in Apple's App Store and in Google Play, and answers to them: two kinds, one way of working."""

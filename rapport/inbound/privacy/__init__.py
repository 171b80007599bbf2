"""What a person may ask of everything that is kept: an archive, erasing, and how long it is kept at all."""

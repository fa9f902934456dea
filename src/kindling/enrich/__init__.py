"""What events refer to: threads with their process and container, descriptors with their file or connection."""

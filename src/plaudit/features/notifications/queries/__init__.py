"""What can be asked about notifications: lists and single things, and a viewer's inbox as it changes."""

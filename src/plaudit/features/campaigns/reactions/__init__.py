"""What campaigns do when something happened: `life` keeps what operators and viewers read."""

"""Pure values and rules of admission: media servers, shows, tokens, places."""

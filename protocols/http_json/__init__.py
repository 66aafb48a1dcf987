"""Plain HTTP: a prompt or a spoken recording in; a reply, events or speech out."""

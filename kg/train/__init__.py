"""Train the tagger (extra ``[train]``); nothing here is needed to use it."""

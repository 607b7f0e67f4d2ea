"""The pull-request pipeline, and where its changes come from."""

"""The GitHub App around the control plane."""

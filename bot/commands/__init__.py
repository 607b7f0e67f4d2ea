"""What people tell nofx in comments on a pull request."""

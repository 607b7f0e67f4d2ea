"""The part of GitHub's GraphQL that reviews and their threads need."""

"""A second, independent question about findings: what is asked, what the answer means.

Pure. It sees neither the title and description of a change nor what the first question
was, only the code around each finding and what is claimed of it.
"""

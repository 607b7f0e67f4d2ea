"""Takes a run's decisions again from what its bundle recorded: pure, without network.

Nobody is asked anything. What a model proposed and what GitHub answered is taken as it
was recorded; what code decided from it is decided anew, by the code that decided then,
and compared.
"""

"""Name what can go wrong with the local stack, in words for the person at the terminal."""


class StackError(Exception):
    """State why the stack cannot go on; the text is shown as it is."""


class StackBusyError(StackError):
    """State whose stack is running in this folder."""


class NotReadyError(StackError):
    """State that a part did not answer in time."""


class DownloadError(StackError):
    """State that a file could not be fetched or is not the file it should be."""

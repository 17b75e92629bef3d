"""Run an operator's command: `python -m connectors.admin --help`."""

import sys

from connectors.admin.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

import sys

from peaksync.commands import main

sys.exit(main())

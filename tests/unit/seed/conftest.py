import pathlib
import sys

# `scripts` is a folder of the repository, not of an add-on.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3]))

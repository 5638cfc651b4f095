"""A test leaves the caches of the registry as a rolled back request does.

Odoo's test classes empty all of them after every test: what is allowed to whom, the
compiled templates and the routes are then worked out a thousand times. In production
a transaction that is given up empties those that it touched (`Registry.reset_changes`):
the others know nothing of it. So here.
"""

from unittest.mock import patch

from odoo.orm.registry import _CACHES_BY_KEY, Registry
from odoo.tests.common import TransactionCase

_touched = set()  # names of caches emptied since the last test ended

_clear_cache = Registry.clear_cache
_clear_all = Registry.clear_all_caches
_set_up = TransactionCase.setUp


def clear_cache(self, *names):
    _touched.update(names or ("default",))
    return _clear_cache(self, *names)


def clear_all(self):
    _touched.update(_CACHES_BY_KEY)
    return _clear_all(self)


def forget(self):
    """Empty what the test had emptied: it was filled again from its data."""
    if _touched:
        _clear_cache(self, *sorted(_touched))
        _touched.clear()


def set_up(self):
    # Odoo names here what it calls when the test has ended
    with patch.object(Registry, "clear_all_caches", forget):
        _set_up(self)


Registry.clear_cache = clear_cache
Registry.clear_all_caches = clear_all
TransactionCase.setUp = set_up

"""Durations that pytest prints stay true while a test freezes the time.

freezegun knows pytest's older modules only; the newer one keeps its clock in another.
"""

import freezegun

freezegun.configure(extend_ignore_list=["_pytest.timing"])

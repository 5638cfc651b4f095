"""Exceptions to the conventions, each with the reason somebody accepted.

An entry that no longer excuses anything makes its check fail: remove it then.
"""

# own persistent model -> why its ACL lines leave the group "user" out
ACL_WITHOUT_USER: dict[str, str] = {}

# own persistent model -> why no global rule of its own cuts it by company
NO_COMPANY_RULE: dict[str, str] = {}

# (file, start of the path after its first slash) -> why a machine's path stands there
MACHINE_PATHS: dict[tuple[str, str], str] = {
    ("scripts/postgres.sh", "tmp/facturex-"): (
        "the socket of the private PostgreSQL: its path is limited to 100 characters"
    ),
}

# (add-on, msgid) -> why fr_BE.po need not say it otherwise than fr.po
SAME_IN_BELGIUM: dict[tuple[str, str], str] = {}

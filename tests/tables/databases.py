# SPDX-License-Identifier: BSD-2-Clause
"""Rows and queries as mail services have them, for each database in its own words.

The tables are those of several kinds of panel: mailboxes, aliases with lists in
them, domains that stand for others, and who may send as whom.
"""

# Each one is an address that finds its own row, and nobody else's.
HOSTILE = [
    "o'hara@corp.example", "' or '1'='1", "'; drop table alias; --@corp.example",
    "\\", "\\'@corp.example", "a\\@corp.example", "\\' or 1=1 -- @corp.example",
    '"', '" or ""="@corp.example', "a''b@corp.example", "%@corp.example",
    "%u@corp.example", "%s@%d", "_@corp.example", "j_e@corp.example",
    "jxe@corp.example", "*@corp.example", "(x)@corp.example", ")(uid=*", "a)(b=c@d",
    "a/*b*/c@corp.example", "a--b@corp.example", "#@corp.example", "$1", "$$x$$",
    "a@b@corp.example", "a;b@corp.example", "?1", "?", ":name@corp.example",
    "a,b@corp.example", "a b@corp.example", "a+b@corp.example", "a=b@corp.example",
    "{x}@corp.example", "[x]@corp.example", "<x>@corp.example", "&|!~^@corp.example",
    "`x`@corp.example", "x" * 240,
]
# These are octets beyond ASCII; Postfix 3.7 asks PostgreSQL in LATIN1.
FOREIGN = ["josé@corp.example", "jose@corp.example", "ünal@bücher.example",
           "邮件@corp.example", "a😀@corp.example", "a😁@corp.example",
           "e\u0301@x.example", "é@x.example", "ａlice@corp.example"]

TABLES = """\
create table mailbox (username varchar(250) primary key, realm varchar(250),
 enabled integer);
create table alias (address varchar(250) primary key, goto varchar(2000),
 enabled integer);
create table twin (name varchar(250) primary key, target varchar(250));
create table send_as (address varchar(250), login varchar(250));
create table empty_values (address varchar(250), one varchar(250),
 two varchar(250));
"""


def rows():
    """Statements that fill the tables, without a backslash that is one."""
    mailboxes = [(name + "@" + realm, realm, enabled) for name, realm, enabled in (
        ("alice", "corp.example", 1), ("bob", "corp.example", 1),
        ("gone", "corp.example", 0), ("carl", "shop.example", 1))]
    aliases = [
        ("info@corp.example", "alice@corp.example,bob@corp.example", 1),
        ("sales@corp.example", "bob@corp.example", 1),
        ("old@corp.example", "bob@corp.example", 0),
        ("@shop.example", "carl@shop.example", 1),
        ("alice@corp.example", "alice@corp.example", 1),
        ("Upper@corp.example", "alice", 1)]
    aliases += [(key, "owner%d" % number, 1)
                for number, key in enumerate(HOSTILE + FOREIGN)]
    send_as = [("boss@corp.example", "alice@corp.example"),
               ("boss@corp.example", "bob@corp.example"),
               ("@corp.example", "postmaster"), ("*", "root")]
    empty = [("a@x", "", None), ("b@x", None, None), ("c@x", "1", ""),
             ("c@x", "2", "3"), ("d@x", " ", "x@y"), ("e@x", "@y", "z@"),
             ("e@x", "q", "r,s t"), ("f@x", "p@q", "r@s,t@u")]
    twins = [("twin.example", "corp.example")]
    for table, content in (("mailbox", mailboxes), ("alias", aliases),
                           ("send_as", send_as), ("empty_values", empty),
                           ("twin", twins)):
        for row in content:
            yield table, row


def statements(backslash):
    """As SQL; `backslash` is how a backslash is written in a string."""
    def literal(value):
        if value is None:
            return "null"
        if isinstance(value, int):
            return str(value)
        return "'%s'" % value.replace("\\", backslash).replace("'", "''")
    return TABLES + "".join("insert into %s values (%s);\n" % (
        table, ", ".join(map(literal, row))) for table, row in rows())


# What stands in the files, behind the way to the server; %s.. are Postfix's.
# {u@x}: the local part, "@" and column x, in the words of the database.
FILES = {
    "a mailbox is its own": """\
query = SELECT username FROM mailbox WHERE username='%s' AND enabled = 1
""",
    "parts of a query": """\
table = alias
select_field = goto
where_field = address
additional_conditions = and enabled = '1'
""",
    "mailboxes, aliases and twins": """\
# as panels write them
query = SELECT username FROM mailbox WHERE username='%s' AND enabled=1
    UNION SELECT goto FROM alias
  # the list of an alias is one value
     WHERE address='%s' AND enabled=1
    UNION SELECT username FROM mailbox, twin
     WHERE twin.name='%d' AND mailbox.username={u@twin.target}
    ORDER BY 1;
expansion_limit = 10
""",
    "the whole domain behind it": """\
query = SELECT login FROM send_as WHERE address='%s' OR address='@%d'
    OR address='*' ORDER BY login
result_format = %s
""",
    "an exact alias before that of the domain": """\
query = SELECT COALESCE((SELECT goto FROM alias WHERE address='%s'),
    (SELECT goto FROM alias WHERE address='@%d'))
""",
    "local part and domain": """\
query = SELECT username FROM mailbox
    WHERE realm='%d' AND username={u@realm}
result_format = %u
domain = corp.example, twin.example
""",
    "labels": """\
query = SELECT goto FROM alias WHERE address='%u@%2.%1'
result_format = <%s> for %S in %D
""",
    "only some domains": """\
query = SELECT goto FROM alias WHERE address='%s'
domain = inline:{corp.example=1}
""",
    "a pattern in the row": """\
query = SELECT goto FROM alias WHERE '%s' LIKE address AND address LIKE 'o%%'
""",
    "all that there is": """\
query = SELECT one, two FROM empty_values WHERE address='%s'
""",
    "values with a domain": """\
query = SELECT one, two FROM empty_values WHERE address='%s'
result_format = %u of %d
""",
    "values that are there": """\
query = SELECT one, two FROM empty_values WHERE address='%s'
result_format = x
""",
}
MORE_KEYS = ["bob@corp.example", "gone@corp.example", "old@corp.example",
             "sales@corp.example",
             "alice@twin.example", "bob@sub.corp.example", "boss@corp.example",
             "any@shop.example", "@shop.example", "a@x", "b@x", "c@x", "d@x", "e@x",
             "f@x",
             "upper@corp.example", "info@corp.example", "user", "alice@corp..example."]

LDIF = """\
dn: ou=people,SUFFIX
objectClass: organizationalUnit
ou: people

dn: uid=alice,ou=people,SUFFIX
objectClass: inetOrgPerson
uid: alice
uid: second
cn: Alice
sn: A
mail: alice@corp.example
mail: info@corp.example
employeeType: smtp:boss@corp.example
employeeType: SMTP:alice@corp.example

dn: uid=bob,ou=people,SUFFIX
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: B
mail: bob@corp.example
mail: info@corp.example
employeeType: smtp:boss@corp.example
description: Alice, and bob

dn: ou=corp.example,SUFFIX
objectClass: organizationalUnit
ou: corp.example

dn: uid=within,ou=corp.example,SUFFIX
objectClass: inetOrgPerson
uid: within
cn: within
sn: W
mail: boss@corp.example

dn: cn=sales,SUFFIX
objectClass: groupOfNames
cn: sales
member: uid=bob,ou=people,SUFFIX
member: uid=alice,ou=people,SUFFIX
member: uid=nobody,ou=people,SUFFIX
"""

# Behind server, bind and search_base.
LDAP_FILES = {
    "mail": "query_filter = (mail=%s)\nresult_attribute = uid\n",
    "several attributes":
        "query_filter = (mail=%s)\nresult_attribute = mail, uid description\n",
    "a realm behind it": """\
query_filter = (&(objectClass=inetOrgPerson)(|(mail=%s)(mail=@%d)))
result_attribute = uid
result_format = %s@corp.example, %U
""",
    "addresses with a prefix":
        "query_filter = (employeeType=smtp:%s)\nresult_attribute = mail\n",
    "members of a group": """\
query_filter = (&(objectClass=groupOfNames)(cn=%u))
result_attribute =
special_result_attribute = member
leaf_result_attribute = mail
""",
    "a base of the domain": """\
search_base = ou=%d,SUFFIX
query_filter = (mail=%s)
result_attribute = uid
scope = one
""",
    "an older name":
        "query_filter = (mail=%s)\nresult_attribute = mail\nresult_filter = <%u>\n",
    "only some domains": """\
query_filter = (|(mail=%s)(uid=%u))
result_attribute = cn
domain = corp.example
debuglevel = 0
""",
}

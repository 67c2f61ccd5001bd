#!/bin/sh
# Asking a mail server by MAIL and RCPT whether an address exists, and leaving by QUIT, is taken for free: no message
# comes of it. Not in Postfix: smtpd has cleanup open a queue file at the first RCPT that is taken, and for each file
# cleanup takes a token from the queue manager (`in_flow_delay`, postconf(5)), which gives one back for each message
# that it handles. Files that are thrown away at QUIT are never handled. So after a hundred such sessions, each further
# one waits for `in_flow_delay` (1 s), until the queue manager has given tokens back. postconf(5) speaks of mail that
# arrives faster than it is delivered, and here none arrives.
#
# It surprises those who verify recipients (call-outs of other servers, monitoring that tries an account, a gateway's
# list): the server becomes slow although it is idle, no limit is reached, and nothing is logged.
#
# Shown with Debian 12's Postfix 3.7.11, unpacked into a temporary folder and laid over /usr in a mount namespace of
# its own, so as root; one client on loopback, 400 sessions or 20 seconds, once with the default and once with 0.
set -eu
[ "${1:-}" = inside ] || exec unshare -m sh "$0" inside
work=$(mktemp -d /tmp/flow.XXXXXX)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; sleep 1; rm -rf "$work"' EXIT
chmod 0755 "$work"
cd "$work"
fetch() { apt-get download -qq -o APT::Sandbox::User=root "$@" >/dev/null; }
fetch postfix=3.7.11-0+deb12u1 libicu72 libnsl2 libtirpc3 libsasl2-2 libdb5.3
for package in *.deb; do dpkg -x "$package" root; done
mount -t overlay overlay -o "lowerdir=$work/root/usr:/usr" /usr
if [ -d root/lib ]; then cp -a root/lib/. root/usr/lib/; fi
serve() { # the value of in_flow_delay
    rm -rf etc spool data
    mkdir -p etc data spool
    for name in active bounce corrupt defer deferred flush hold incoming private saved trace; do
        mkdir "spool/$name"
    done
    chown -R uucp spool/* data
    mkdir -m 0730 spool/maildrop
    mkdir -m 0710 spool/public
    mkdir spool/pid
    chown uucp:news spool/maildrop spool/public
    cat > etc/main.cf <<CONF
compatibility_level = 3.6
myhostname = mail.example.test
mydestination = example.test
mynetworks = 192.0.2.1
alias_maps =
local_recipient_maps =
queue_directory = $work/spool
data_directory = $work/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = uucp
setgid_group = news
maillog_file = $work/log
maillog_file_prefixes = $work
in_flow_delay = $1
CONF
    cat > etc/master.cf <<CONF
127.0.0.1:2525 inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
anvil unix - - n - 1 anvil
local unix - n n - - local
discard unix - - n - - discard
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
CONF
    /usr/lib/postfix/sbin/master -c "$work/etc" -d &
    pid=$!
    python3 ask.py
    kill "$pid"
    wait "$pid" || true
    pid=
}
cat > ask.py <<'PY'
import smtplib, time
def ask():
    begun = time.monotonic()
    with smtplib.SMTP("127.0.0.1", 2525, timeout=20) as session:
        session.ehlo("client.example")
        session.mail("<a@example.com>")
        assert session.rcpt("<user@example.test>")[0] == 250
    return time.monotonic() - begun
for _ in range(100):
    try:
        ask()
        break
    except OSError:
        time.sleep(0.1)
end, took = time.monotonic() + 20, []
while len(took) < 400 and time.monotonic() < end:
    took.append(ask())
slow = [number for number, seconds in enumerate(took, 1) if seconds > 0.9]
print(f"{len(took)} sessions, {len(slow)} of them took 1 s, the first one was number {slow[0] if slow else '-'}")
PY
postconf -d mail_version
default=$(serve 1s)
without=$(serve 0)
printf '%s\n' "with in_flow_delay = 1s: $default" "with in_flow_delay = 0: $without"
slow() { expr "$1" : '[0-9]* sessions, \([0-9]*\) of them' || true; }
if [ "$(slow "$default")" -gt 10 ] && [ "$(slow "$without")" -eq 0 ]; then exit 0; fi
echo 'this has changed'
exit 1

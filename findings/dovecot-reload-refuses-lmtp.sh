#!/bin/sh
# `doveadm reload` (SIGHUP to Dovecot's master) seems harmless: sessions live on and nothing is restarted. It is not
# for a client that connects to a UNIX socket of Dovecot at that moment: the master closes its listeners, removes the
# socket files and makes new ones, so that a delivery by LMTP meets "No such file", a refused connection, a
# connection that ends before its greeting, or a temporary error for a recipient that exists.
#
# It surprises those who run Postfix with `virtual_transport = lmtp:unix:…` on the same host and reload Dovecot after
# each renewed certificate: the messages of that moment are put off for `minimal_backoff_time` (5 minutes) although
# Dovecot was "never away". After a reload Postfix's queue has to be flushed, once Dovecot answers again.
#
# Shown with Debian 12's Dovecot 2.3.19.1, unpacked into a temporary folder and laid over /usr in a mount namespace of
# its own (its paths are compiled in), so as root; its own configuration, one user, one delivery after the other by 4
# clients while 60 reloads are asked for.
set -eu
[ "${1:-}" = inside ] || exec unshare -m sh "$0" inside
work=$(mktemp -d /tmp/reload.XXXXXX)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; sleep 1; rm -rf "$work"' EXIT
chmod 0755 "$work"
cd "$work"
version=1:2.3.19.1+dfsg1-2.1+deb12u7
fetch() { apt-get download -qq -o APT::Sandbox::User=root "$@" >/dev/null; }
fetch "dovecot-core=$version" "dovecot-lmtpd=$version"
fetch libexttextcat-2.0-0 libexttextcat-data libsodium23 liblua5.3-0 libstemmer0d libunwind8 libicu72
for package in *.deb; do dpkg -x "$package" root; done
mount -t overlay overlay -o "lowerdir=$work/root/usr:/usr" /usr
mkdir -p run state mail
chown -R nobody mail
cat > dovecot.conf <<CONF
base_dir = $work/run
state_dir = $work/state
protocols = lmtp
ssl = no
log_path = $work/log
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
mail_location = maildir:$work/mail/%u
first_valid_uid = 1
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$work/mail/%u allow_all_users=yes
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
CONF
dovecot -F -c "$work/dovecot.conf" &
pid=$!
cat > deliver.py <<'PY'
import collections, os, signal, smtplib, socket, sys, threading, time
path, master = sys.argv[1], int(sys.argv[2])
seen, over = collections.Counter(), threading.Event()
def deliver():
    while not over.is_set():
        try:
            with smtplib.LMTP(path) as session:
                session.sendmail("a@example.test", ["user@example.test"], "Subject: one\r\n\r\none\r\n")
            seen["delivered"] += 1
        except smtplib.SMTPRecipientsRefused as error:
            (code, text), = error.recipients.values()
            seen[f"{code} {text.decode().rpartition('> ')[2]}"] += 1
        except (OSError, smtplib.SMTPException) as error:
            seen[type(error).__name__] += 1
        time.sleep(0.005)
for _ in range(400):
    if os.path.exists(path):
        break
    time.sleep(0.05)
threads = [threading.Thread(target=deliver) for _ in range(4)]
for each in threads:
    each.start()
time.sleep(3)
before = dict(seen)
for _ in range(60):
    os.kill(master, signal.SIGHUP)
    time.sleep(0.4)
over.set()
for each in threads:
    each.join()
lost = sum(count for what, count in seen.items() if what != "delivered")
print("without a reload:", before)
print("with 60 reloads:", dict(seen))
quiet = not [what for what in before if what != "delivered"] and before.get("delivered", 0) > 20
sys.exit(0 if quiet and lost else 1)
PY
dovecot --version
python3 deliver.py "$work/run/lmtp" "$pid" || { tail -5 log; echo 'this has changed'; exit 1; }

#!/bin/sh
# Dovecot's `auth` process ends, for want of memory or by a person's hand, and its master starts another one at once.
# One would think that nothing is left of it a second later. But an `lmtp` process keeps its connection to the old one
# and notices its end only when it asks the next time: that recipient, who exists, is answered 451 "Temporary internal
# error", however long ago `auth` came back. Each `lmtp` process that had asked before does so once, and there may be
# as many as deliveries ever ran side by side.
#
# It surprises whoever watches a mail server by trying it: a first failure says nothing of whether mail is delivered
# now, a second or third one may come of another process, and "auth serves logins again" does not mean that deliveries
# get through. Postfix puts each of these messages off for `minimal_backoff_time` (5 minutes).
#
# Shown with Debian 12's Dovecot 2.3.19.1, unpacked into a temporary folder and laid over /usr in a mount namespace of
# its own (its paths are compiled in), so as root. Two sessions side by side make two `lmtp` processes; then `auth` is
# ended, comes back, answers a question, and six recipients are asked for, one after the other.
set -eu
[ "${1:-}" = inside ] || exec unshare -m sh "$0" inside
work=$(mktemp -d /tmp/lmtp.XXXXXX)
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
cat > ask.py <<'PY'
import os, signal, smtplib, subprocess, sys, time
path, configuration, master = sys.argv[1:]
def begin():
    session = smtplib.LMTP(path)
    session.ehlo("client")
    session.mail("<>")
    return session
def answer(session):
    code, text = session.rcpt("<user@example.test>")
    session.quit()
    return f"{code} {text.decode().rpartition('> ')[2]}"
def auth():
    found = subprocess.run(["pgrep", "-P", master, "-x", "auth"], capture_output=True, text=True)
    return found.stdout.split()
for _ in range(400):
    if os.path.exists(path):
        break
    time.sleep(0.05)
odd = 0
for _ in range(5):
    both = [begin(), begin()]
    before = [answer(each) for each in both]
    for process in auth():
        os.kill(int(process), signal.SIGKILL)
    time.sleep(1)
    asked = subprocess.run(["doveadm", "-c", configuration, "user", "user@example.test"], capture_output=True)
    after = [answer(begin()) for _ in range(6)]
    print("before:", before, "auth is back:", asked.returncode == 0, "after:", after)
    failed = [text for text in after if text.startswith("451")]
    odd += asked.returncode == 0 and bool(failed) and after[-1].startswith("250")
print(f"in {odd} of 5 rounds recipients were refused although auth had come back")
sys.exit(0 if odd >= 3 else 1)
PY
dovecot --version
python3 ask.py "$work/run/lmtp" "$work/dovecot.conf" "$pid" || { tail -5 log; echo 'this has changed'; exit 1; }

require ["vnd.dovecot.pipe"];
pipe "external-program";

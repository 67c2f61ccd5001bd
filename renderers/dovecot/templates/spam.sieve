# Made by git-mailserver: changes here are put back.
require [{{ extensions }}];

if anyof (header :is "X-Spam" "Yes", header :is "X-Spam-Flag" "YES") {
{% if prefix %}
    if header :matches "Subject" "*" {
        set "subject" "${1}";
    }
    deleteheader "Subject";
    addheader :last "Subject" "{{ prefix }}${subject}";
{% endif %}
{% if seen %}
    addflag "\\Seen";
{% endif %}
{% if junk %}
    fileinto :create "Junk";
{% endif %}
}

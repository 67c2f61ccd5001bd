# Made by git-mailserver: changes here are put back.
require ["editheader", "variables"];

if anyof (header :is "X-Spam" "Yes", header :is "X-Spam-Flag" "YES") {
    if header :matches "Subject" "*" {
        set "subject" "${1}";
    }
    deleteheader "Subject";
    addheader :last "Subject" "[SPAM] ${subject}";
}

# Made by git-mailserver: changes here are put back.
require ["fileinto", "mailbox"];

if anyof (header :is "X-Spam" "Yes", header :is "X-Spam-Flag" "YES") {
    fileinto :create "Junk";
}

#!/bin/bash

cat >/etc/amavis/conf.d/50-user << "END"
use strict;

$undecipherable_subject_tag = undef;
$admin_maps_by_ccat{+CC_UNCHECKED} = undef;

#------------ Do not modify anything below this line -------------
1; # ensure a defined return
END

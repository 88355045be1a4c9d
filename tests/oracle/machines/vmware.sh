# `vmware DIRECTORY` is a hypervisor whose variables are the files of a directory; what the machine sets is kept in
# /opt/guestinfo, and its other requests in /opt/requests.
vmware() {
    mkdir -p opt/guestinfo
    [ -z "$1" ] || cp "$1"/* opt/guestinfo
    cat >usr/bin/vmware-rpctool <<'END'
#!/bin/sh
request=$1
key=${request#info-* guestinfo.}
case $request in
"info-get guestinfo."*)
    if [ -f "/opt/guestinfo/$key" ]; then
        cat "/opt/guestinfo/$key"
    else
        echo "No value found" >&2
        exit 1
    fi
    ;;
"info-set guestinfo."*) printf '%s\n' "${key#* }" >"/opt/guestinfo/${key%% *}" ;;
*) echo "$request" >>/opt/requests ;;
esac
END
    chmod 755 usr/bin/vmware-rpctool
    dmi product_name 'VMware7,1'
    dmi product_uuid 420f1a2b-0000-4000-8000-000000000001
    echo 'datasource_list: [ VMware, None ]' >run/cloud-init/cloud.cfg
}

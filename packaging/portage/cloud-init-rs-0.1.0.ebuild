# Distributed under the terms of the Apache License, Version 2.0

EAPI=8

DESCRIPTION="Configures a cloud instance at boot, in the place of cloud-init"
HOMEPAGE="https://cloud-init.io"

# The program is static, so it is built once, by packaging/build.sh gentoo; CLOUD_INIT_SOURCE is that source tree.
S="${WORKDIR}"

LICENSE="Apache-2.0"
SLOT="0"
KEYWORDS="~amd64 ~arm64"
IUSE="systemd"
RESTRICT="strip"

RDEPEND="!app-emulation/cloud-init"

src_install() {
	local source=${CLOUD_INIT_SOURCE:?set it to the source tree with target/package/gentoo}
	local out=${source}/target/package/gentoo name
	dobin "${out}/cloud-init"
	insinto /etc/cloud
	doins "${out}/cloud.cfg"
	insinto /etc/cloud/cloud.cfg.d
	doins "${source}/packaging/cloud.cfg.d/05_logging.cfg"
	insinto /etc/cloud/templates
	doins "${out}"/templates/*
	doman "${out}"/man/*
	"${source}/packaging/init.sh" openrc "${ED}/etc/init.d" || die
	for name in ds-identify hook-hotplug cloud-init-hotplugd write-ssh-key-fingerprints; do
		dosym ../../bin/cloud-init /usr/lib/cloud-init/${name}
	done
	dosym cloud-init /usr/bin/cloud-id
	dosym cloud-init /usr/bin/cloud-init-per
	if use systemd; then
		insinto /usr/lib/systemd/system
		doins "${out}"/systemd/*
		dosym ../../../bin/cloud-init /usr/lib/systemd/system-generators/cloud-init-generator
	fi
}

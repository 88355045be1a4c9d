# Distributed under the terms of the Apache License, Version 2.0

EAPI=8

DESCRIPTION="Configures a cloud instance at boot, in the place of cloud-init"
HOMEPAGE="https://cloud-init.io"

# The program is static, so it is built once, by packaging/build.sh gentoo; CLOUD_INIT_SOURCE is that source tree.
S="${WORKDIR}"

LICENSE="Apache-2.0"
SLOT="0"
KEYWORDS="~amd64 ~arm64"
RESTRICT="strip"

RDEPEND="!app-emulation/cloud-init"

src_install() {
	local source=${CLOUD_INIT_SOURCE:?set it to the source tree with target/package/gentoo}
	"${source}/packaging/install.sh" gentoo "${source}/target/package/gentoo" "${ED}" || die
	# Portage compresses pages itself.
	gunzip "${ED}"/usr/share/man/man1/*.gz || die
}

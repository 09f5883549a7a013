# An image with Asterisk and the module loaded. What the module must not lose,
# its database and its results, lies on the volume /var/lib/res_outbound.
#
#   docker build -t res_outbound .
#   docker run -v outbound:/var/lib/res_outbound res_outbound
#
# Asterisk's own configuration is Debian's: give yours with
# -v FOLDER/pjsip.conf:/etc/asterisk/pjsip.conf and the like.

FROM docker.io/library/debian:sid AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        asterisk-dev ca-certificates cargo gcc libc6-dev libclang-dev make rustc \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN make build ASTERISK_INCLUDE=/usr/include \
    && make install samples DESTDIR=/out ASTERISK_INCLUDE=/usr/include \
        ASTMODDIR="$(dirname "$(find /usr/lib -name app_dial.so -path '*/asterisk/modules/*')")" \
        ASTDATADIR=/usr/share/asterisk
# The sample's places for data, moved to the volume.
RUN sed -i -E \
        -e 's|^;? *(result_filename) *=.*|\1 = /var/lib/res_outbound/results.json|' \
        -e 's|^;? *(db_sqlite3_data) *=.*|\1 = /var/lib/res_outbound/res_outbound.db|' \
        /out/etc/asterisk/res_outbound.conf \
    && [ "$(grep -c '^[^;]*= /var/lib/res_outbound/' /out/etc/asterisk/res_outbound.conf)" = 2 ]

FROM docker.io/library/debian:sid
RUN apt-get update \
    && apt-get install --yes --no-install-recommends asterisk \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/ /
RUN chown asterisk:asterisk /etc/asterisk/res_outbound.conf \
    && install -d -o asterisk -g asterisk -m 0750 /var/lib/res_outbound /run/asterisk
VOLUME /var/lib/res_outbound
# SIP. AMI and HTTP are closed in Debian's configuration.
EXPOSE 5060/udp
# In the foreground, as user asterisk.
CMD ["/usr/sbin/asterisk", "-f", "-U", "asterisk", "-G", "asterisk"]

# The platform: one program that has all its services, and nothing else. make image
# builds the program first, since an image that builds it would have to get a toolchain:
#
#   docker run --network host -v platform-data:/platform-data gonotes-platform
FROM scratch
COPY bin/platform /platform
ENTRYPOINT ["/platform"]

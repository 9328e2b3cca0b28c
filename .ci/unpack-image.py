"""unpack-image.py LAYOUT.tar ARCHITECTURE FOLDER: unpacks the image of an architecture.

It checks each blob against its digest, as a registry and a container engine would.
"""

import hashlib
import io
import json
import sys
import tarfile

layout = tarfile.open(sys.argv[1])


def blob(descriptor):
    algorithm, digest = descriptor["digest"].split(":")
    data = layout.extractfile(f"blobs/{algorithm}/{digest}").read()
    if hashlib.new(algorithm, data).hexdigest() != digest or len(data) != descriptor["size"]:
        sys.exit(f"the blob {digest} is not what its name says")
    return data


json.load(layout.extractfile("oci-layout"))["imageLayoutVersion"]
outer = json.load(layout.extractfile("index.json"))
index = json.loads(blob(outer["manifests"][0]))
found = [m for m in index["manifests"] if m["platform"] == {"architecture": sys.argv[2], "os": "linux"}]
manifest = json.loads(blob(found[0]))
config = json.loads(blob(manifest["config"]))
print(json.dumps(config["config"]), config["created"])
for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
    with tarfile.open(fileobj=io.BytesIO(blob(layer))) as files:
        files.extractall(sys.argv[3])

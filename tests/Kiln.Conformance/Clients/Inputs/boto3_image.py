"""An image's life with boto3. Arguments: the endpoint, a completed snapshot, a name."""
import json
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, snapshot, name = sys.argv[1:]
ec2 = boto3.client("ec2", endpoint_url=endpoint, config=Config(retries={"mode": "standard"}))
image = ec2.register_image(
    Name=name,
    Architecture="x86_64",
    VirtualizationType="hvm",
    RootDeviceName="/dev/xvda",
    BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
)["ImageId"]
ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
ec2.create_tags(Resources=[image], Tags=[{"Key": "stage", "Value": "tested"}])

found = ec2.describe_images(Owners=["self"], Filters=[{"Name": "tag:stage", "Values": ["tested"]}])["Images"]
assert [i["ImageId"] for i in found] == [image], found
pages = ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], PaginationConfig={"PageSize": 5})
assert snapshot in [s["SnapshotId"] for page in pages for s in page["Snapshots"]]

# The resource interface over the same calls.
resource = boto3.resource("ec2", endpoint_url=endpoint).Image(image)
assert resource.state == "available" and resource.creation_date.endswith("Z")

# A URL signed beforehand works without credentials, and only for what was signed.
url = ec2.generate_presigned_url("describe_images", Params={"ImageIds": [image]}, ExpiresIn=60, HttpMethod="GET")
assert image in urllib.request.urlopen(url).read().decode()
try:
    urllib.request.urlopen(url.replace(image, "ami-0123456789abcdef0"))
    sys.exit("a changed URL was answered")
except urllib.error.HTTPError as refused:
    assert refused.code == 401, refused.code
    assert "AuthFailure" in refused.read().decode()

ec2.deregister_image(ImageId=image)
try:
    ec2.create_image(InstanceId="i-0123456789abcdef0", Name=name)
    sys.exit("an image of no instance was made")
except ClientError as refused:
    assert refused.response["Error"]["Code"] == "InvalidInstanceID.NotFound"

blocks = boto3.client("ebs", endpoint_url=endpoint).list_snapshot_blocks(SnapshotId=snapshot)
key = boto3.client("kms", endpoint_url=endpoint).create_key()["KeyMetadata"]["KeyState"]
print(json.dumps({"image": image, "blocks": len(blocks["Blocks"]), "key": key}))

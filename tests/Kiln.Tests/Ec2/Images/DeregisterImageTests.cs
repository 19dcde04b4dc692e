using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Fixtures;
using static Kiln.Tests.Ec2.Images.Requests;

namespace Kiln.Tests.Ec2.Images;

public sealed class DeregisterImageTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly AmazonEC2Client _ec2 = server.Ec2();

    [Fact]
    public async Task Leaves_the_snapshots_and_is_forgotten_after_an_hour()
    {
        var snapshot = await server.Snapshot();
        var id = await _ec2.Register("deregister me", snapshot);

        var answer = await _ec2.DeregisterImageAsync(new DeregisterImageRequest(id), Cancel);

        Assert.True(answer.Return);
        Assert.Null(answer.DeleteSnapshotResults);
        Assert.Empty(await _ec2.Images(new DescribeImagesRequest { ImageIds = [id] }));
        Assert.Equal(("InvalidAMIID.Unavailable", $"The image ID '{id}' is no longer available"),
            await Refusal(() => _ec2.DeregisterImageAsync(new DeregisterImageRequest(id), Cancel)));
        Assert.Single(await _ec2.Snapshots(new DescribeSnapshotsRequest { SnapshotIds = [snapshot] }));

        await server.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(("InvalidAMIID.NotFound", $"The image id '[{id}]' does not exist"),
            await Refusal(() => _ec2.DescribeImagesAsync(new DescribeImagesRequest { ImageIds = [id] }, Cancel)));
        await Refused("InvalidAMIID.NotFound", () => _ec2.DeregisterImageAsync(new DeregisterImageRequest(id), Cancel));
    }

    [Fact]
    public async Task Deletes_the_snapshots_when_asked_but_none_that_another_image_uses()
    {
        var (root, data) = (await server.Snapshot(), await server.Snapshot());
        var request = Registration("with data", root);
        request.BlockDeviceMappings.Add(
            new BlockDeviceMapping { DeviceName = "/dev/sdf", Ebs = new EbsBlockDevice { SnapshotId = data } });
        var first = (await _ec2.RegisterImageAsync(request, Cancel)).ImageId;
        var second = await _ec2.Register("shares the data", data);

        var answer = await _ec2.DeregisterImageAsync(
            new DeregisterImageRequest(first) { DeleteAssociatedSnapshots = true }, Cancel);

        Assert.Equal([(root, "success"), (data, "skipped")],
            answer.DeleteSnapshotResults.Select(r => (r.SnapshotId, r.ReturnCode.Value)));
        await Refused("InvalidSnapshot.NotFound",
            () => _ec2.DescribeSnapshotsAsync(new DescribeSnapshotsRequest { SnapshotIds = [root] }, Cancel));
        Assert.Equal(data, (await _ec2.Image(second)).BlockDeviceMappings[0].Ebs.SnapshotId);
    }

    [Fact]
    public async Task Nobody_but_the_owner_may()
    {
        var id = await _ec2.Register("not yours", await server.Snapshot());

        Assert.Equal(("AuthFailure", $"Not authorized for image:{id}"), await Refusal(
            () => server.Ec2(TestServer.B).DeregisterImageAsync(new DeregisterImageRequest(id), Cancel)));
        await Refused("InvalidAMIID.NotFound",
            () => server.Ec2(region: "us-west-2").DeregisterImageAsync(new DeregisterImageRequest(id), Cancel));
        Assert.Equal(("InvalidAMIID.Malformed", "Invalid id: \"ami-xyz\" (expecting \"ami-...\")"), await Refusal(
            () => _ec2.DeregisterImageAsync(new DeregisterImageRequest("ami-xyz"), Cancel)));
        Assert.Equal(ImageState.Available, (await _ec2.Image(id)).State);
    }
}

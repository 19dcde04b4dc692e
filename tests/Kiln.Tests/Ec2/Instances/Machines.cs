using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Ec2.Images;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Instances;

/// <summary>Launches machines of images over real blocks, and waits for them.</summary>
internal static class Machines
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>An image over a snapshot of a 1 GiB volume with some bytes in it.</summary>
    public static async Task<(string ImageId, string VolumeId)> NewImage(
        this TestServer server, string name, Action<RegisterImageRequest>? more = null)
    {
        var ec2 = server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(server, volume, 0, Disk.Bytes(name.Length, 3 << 20));
        var snapshot = await ec2.NewSnapshot(volume);
        var request = Requests.Registration(name, snapshot.SnapshotId);
        request.EnaSupport = true;
        more?.Invoke(request);
        return ((await ec2.RegisterImageAsync(request, Cancel)).ImageId, volume);
    }

    /// <summary>Launches one machine; it is pending.</summary>
    public static async Task<Instance> Launch(
        this AmazonEC2Client ec2, string imageId, Action<RunInstancesRequest>? more = null)
    {
        var request = Request(imageId);
        more?.Invoke(request);
        return (await ec2.RunInstancesAsync(request, Cancel)).Reservation.Instances[0];
    }

    /// <summary>Launches one machine and waits until it runs.</summary>
    public static async Task<Instance> Running(
        this AmazonEC2Client ec2, string imageId, Action<RunInstancesRequest>? more = null) =>
        await ec2.InstanceIs((await ec2.Launch(imageId, more)).InstanceId, "running");

    /// <summary>A request for one t3.micro.</summary>
    public static RunInstancesRequest Request(string imageId) => new()
    {
        ImageId = imageId, InstanceType = InstanceType.T3Micro, MinCount = 1, MaxCount = 1,
    };

    /// <summary>An instance now.</summary>
    public static async Task<Instance> Instance(this AmazonEC2Client ec2, string id) =>
        (await ec2.DescribeInstancesAsync(new DescribeInstancesRequest { InstanceIds = [id] }, Cancel))
            .Reservations.Single().Instances.Single();

    /// <summary>Waits until an instance is in a state.</summary>
    public static Task<Instance> InstanceIs(this AmazonEC2Client ec2, string id, string state) =>
        TestServer.Eventually(() => ec2.Instance(id), i => i.State.Name.Value == state);

    /// <summary>An instance's volume by its device name.</summary>
    public static string VolumeOf(this Instance instance, string device) =>
        instance.BlockDeviceMappings.Single(m => m.DeviceName == device).Ebs.VolumeId;
}

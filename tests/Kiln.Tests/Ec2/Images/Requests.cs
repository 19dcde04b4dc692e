using Amazon.EC2;
using Amazon.EC2.Model;

namespace Kiln.Tests.Ec2.Images;

/// <summary>The calls that most image tests begin with.</summary>
internal static class Requests
{
    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The registration of an image over one root snapshot.</summary>
    public static RegisterImageRequest Registration(string name, string snapshotId) => new()
    {
        Name = name,
        RootDeviceName = "/dev/xvda",
        VirtualizationType = VirtualizationType.Hvm,
        Architecture = ArchitectureValues.X86_64,
        BlockDeviceMappings =
            [new BlockDeviceMapping { DeviceName = "/dev/xvda", Ebs = new EbsBlockDevice { SnapshotId = snapshotId } }],
    };

    /// <summary>Registers an image over one root snapshot.</summary>
    public static async Task<string> Register(this AmazonEC2Client ec2, string name, string snapshotId) =>
        (await ec2.RegisterImageAsync(Registration(name, snapshotId), Cancel)).ImageId;

    /// <summary>The image of an id; fails when there is none.</summary>
    public static async Task<Image> Image(this AmazonEC2Client ec2, string imageId) => Assert.Single(
        (await ec2.DescribeImagesAsync(new DescribeImagesRequest { ImageIds = [imageId] }, Cancel)).Images);

    /// <summary>The images of a request; the client library leaves an empty list out.</summary>
    public static async Task<List<Image>> Images(this AmazonEC2Client ec2, DescribeImagesRequest request) =>
        (await ec2.DescribeImagesAsync(request, Cancel)).Images ?? [];

    /// <summary>The images that filters find, by id.</summary>
    public static async Task<List<string>> Found(this AmazonEC2Client ec2, string filter, params string[] values) =>
        [.. (await ec2.Images(new DescribeImagesRequest { Filters = [new Filter(filter, [.. values])] }))
            .Select(i => i.ImageId)];

    /// <summary>The snapshots of a request.</summary>
    public static async Task<List<Snapshot>> Snapshots(this AmazonEC2Client ec2, DescribeSnapshotsRequest request) =>
        (await ec2.DescribeSnapshotsAsync(request, Cancel)).Snapshots ?? [];

    /// <summary>The code and message of a refusal.</summary>
    public static async Task<(string Code, string Message)> Refusal(Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<AmazonEC2Exception>(call);
        return (refusal.ErrorCode, refusal.Message);
    }

    /// <summary>Asserts a refusal's code.</summary>
    public static async Task Refused(string code, Func<Task> call) => Assert.Equal(code, (await Refusal(call)).Code);
}

using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Service;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Instances.Guests;

/// <summary>A host has room for so many machines, and who asks for more is told at once.</summary>
public sealed class CapacityTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task More_machines_than_there_is_room_for_are_refused_and_none_is_made()
    {
        var missing = QemuHost.MissingFor(new ServiceOptions());
        Assert.SkipWhen(missing is not null, $"No machine runs here: {missing} is missing.");
        await using var server = new TestServer { Configure = o => (o.Guests, o.GuestsMax) = ("qemu", 1) };
        await server.StartAsync();
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("capacity");
        var request = Machines.Request(image);
        (request.MinCount, request.MaxCount) = (2, 5);
        var refusal = await Ec2Waits.Refused(
            "InsufficientInstanceCapacity", () => ec2.RunInstancesAsync(request, Cancel));
        Assert.Equal(500, (int)refusal.StatusCode);
        Assert.Contains("t3.micro", refusal.Message, StringComparison.Ordinal);
        Assert.Empty((await ec2.DescribeInstancesAsync(new DescribeInstancesRequest(), Cancel)).Reservations ?? []);
    }

    [Fact]
    public void The_host_is_never_thought_too_small_for_one_nor_good_for_more_than_is_asked()
    {
        Assert.Equal(1, Of(new ServiceOptions { GuestMemoryMiB = 1_048_576 }));
        Assert.Equal(50, Of(new ServiceOptions { GuestsMax = 50 }));
        Assert.InRange(Of(new ServiceOptions()), 1, 32);

        static int Of(ServiceOptions options) =>
            new QemuHost(options, new GuestFolders(options), TimeProvider.System).MachinesMax;
    }

    [Fact]
    public async Task A_volume_of_a_machine_that_starts_is_let_go_when_it_runs()
    {
        await using var server = new TestServer { Configure = o => o.SimulatedBootMilliseconds = 60_000 };
        await server.StartAsync();
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("starts");
        var machine = await ec2.Launch(image, r => r.BlockDeviceMappings =
            [new BlockDeviceMapping { DeviceName = "/dev/sdf", Ebs = new EbsBlockDevice { VolumeSize = 1 } }]);
        machine = await TestServer.Eventually(
            () => ec2.Instance(machine.InstanceId), i => i.BlockDeviceMappings?.Count == 2);
        var volume = machine.VolumeOf("/dev/sdf");
        await TestServer.Eventually(() => Now(ec2, volume), v => v.State.Value == "in-use");
        await ec2.DetachVolumeAsync(new DetachVolumeRequest { VolumeId = volume }, Cancel);
        await server.Advance(TimeSpan.FromSeconds(5));
        // Its worker has looked at it, and asks again while the machine starts.
        Assert.Equal("detaching", Assert.Single((await Now(ec2, volume)).Attachments).State.Value);

        await server.Advance(TimeSpan.FromMinutes(2));
        await ec2.InstanceIs(machine.InstanceId, "running");
        await TestServer.Eventually(() => Now(ec2, volume), v => v.State.Value == "available");
    }

    private static async Task<Volume> Now(AmazonEC2Client ec2, string volume) => (await ec2.DescribeVolumesAsync(
        new DescribeVolumesRequest { VolumeIds = [volume] }, Cancel)).Volumes.Single();
}

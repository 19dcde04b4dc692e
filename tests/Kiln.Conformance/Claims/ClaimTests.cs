using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Claims;

/// <summary>What every group of claims stands on: the world, short names for accounts and Regions, and one change of
/// a machine.</summary>
public abstract class ClaimTests(World world)
{
    /// <summary>Owner, recipient, stranger.</summary>
    protected const string A = KilnProcess.A, B = KilnProcess.B, C = KilnProcess.C;

    /// <summary>The Regions of the claims.</summary>
    protected const string R1 = KilnProcess.R1, R2 = KilnProcess.R2, R3 = KilnProcess.R3;

    /// <summary>The world.</summary>
    protected World World => world;

    /// <summary>The owner's client in the first Region.</summary>
    protected AmazonEC2Client Ec2 => world.Ec2();

    /// <summary>Ends a test that is cancelled.</summary>
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Changes what is on an instance's disk: stop, put another volume in the old one's place. Answers the
    /// new volume.</summary>
    protected async Task<string> ChangeDisk(Instance instance, int seed, string device = "/dev/xvda")
    {
        ArgumentNullException.ThrowIfNull(instance);
        var snapshot = await World.Disk(seed);
        await Ec2.StopInstancesAsync(new StopInstancesRequest { InstanceIds = [instance.InstanceId] }, Cancel);
        await World.InState(instance.InstanceId, "stopped");
        await Ec2.DetachVolumeAsync(new DetachVolumeRequest { VolumeId = World.VolumeAt(instance, device) }, Cancel);
        var volume = (await Ec2.CreateVolumeAsync(new CreateVolumeRequest
        {
            AvailabilityZone = instance.Placement.AvailabilityZone, SnapshotId = snapshot, VolumeType = "gp3",
        }, Cancel)).Volume.VolumeId;
        await VolumeIs(volume, "available");
        await VolumeIs(World.VolumeAt(instance, device), "available");
        await Ec2.AttachVolumeAsync(
            new AttachVolumeRequest { InstanceId = instance.InstanceId, VolumeId = volume, Device = device }, Cancel);
        await VolumeIs(volume, "in-use");
        return volume;
    }

    /// <summary>Waits until a volume is in a state.</summary>
    protected Task<Volume> VolumeIs(string volume, string state, string account = A, string region = R1) =>
        World.Eventually(
            async () => (await World.Ec2(account, region)
                .DescribeVolumesAsync(new DescribeVolumesRequest { VolumeIds = [volume] }, Cancel)).Volumes[0],
            v => v.State.Value == state);

    /// <summary>The code of a refusal.</summary>
    protected static async Task<string> Code(Func<Task> call) => (await World.Refused(call)).ErrorCode;
}

using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Tests.Ec2.Images;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Instances;

public sealed class EncryptedLaunchTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task C108_A_key_that_cannot_be_used_ends_the_instance_after_the_answer()
    {
        var (ec2, kms) = (server.Ec2(), server.Kms());
        var key = (await kms.CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata;
        var volume = await ec2.NewVolume(more: r => (r.Encrypted, r.KmsKeyId) = (true, key.KeyId));
        await Disk.Write(server, volume, 0, Disk.Bytes(1, 1 << 20));
        var request = Requests.Registration("sealed", (await ec2.NewSnapshot(volume)).SnapshotId);
        request.EnaSupport = true;
        var image = (await ec2.RegisterImageAsync(request, Cancel)).ImageId;

        var running = await ec2.Running(image);
        var root = await ec2.VolumeIs(running.VolumeOf("/dev/xvda"), "in-use");
        Assert.Equal(key.Arn, root.KmsKeyId);
        Assert.Equal(await Disk.Sha256(server, volume), await Disk.Sha256(server, root.VolumeId));

        await kms.DisableKeyAsync(new DisableKeyRequest { KeyId = key.KeyId }, Cancel);
        var pending = await ec2.Launch(image);
        var ended = await ec2.InstanceIs(pending.InstanceId, "terminated");
        Assert.Equal("pending", pending.State.Name.Value);
        Assert.Equal("Client.InternalError", ended.StateReason.Code);

        await ec2.StopInstancesAsync(new StopInstancesRequest([running.InstanceId]), Cancel);
        await ec2.InstanceIs(running.InstanceId, "stopped");
        await ec2.StartInstancesAsync(new StartInstancesRequest([running.InstanceId]), Cancel);
        var stopped = await TestServer.Eventually(() => ec2.Instance(running.InstanceId),
            i => i.State.Name.Value == "stopped" && i.StateReason?.Code == "Client.InternalError");
        Assert.Equal("Client.InternalError", stopped.StateReason.Code);
    }
}

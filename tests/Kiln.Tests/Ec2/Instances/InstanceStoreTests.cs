using Amazon.EC2.Model;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Image = Kiln.Service.Ec2.Images.Image;

namespace Kiln.Tests.Ec2.Instances;

public sealed class InstanceStoreTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task C143_C145_An_instance_store_machine_needs_an_old_type_and_cannot_be_stopped()
    {
        var ec2 = server.Ec2();
        var image = await StoreImage();

        await Ec2Waits.Refused("InvalidParameterCombination", () => ec2.Launch(image));
        await Ec2Waits.Refused("InvalidParameterCombination", () => ec2.Launch(image, r =>
        {
            r.InstanceType = "m3.medium";
            r.InstanceInitiatedShutdownBehavior = "stop";
        }));
        var running = await ec2.Running(image, r => r.InstanceType = "m3.medium");
        var refusal = await Ec2Waits.Refused("UnsupportedOperation", () => ec2.StopInstancesAsync(
            new StopInstancesRequest([running.InstanceId]), Cancel));

        Assert.Equal($"The instance '{running.InstanceId}' does not have an 'ebs' root device type and cannot be "
            + "stopped.", refusal.Message);
        Assert.Equal("instance-store", running.RootDeviceType.Value);
        await ec2.TerminateInstancesAsync(new TerminateInstancesRequest([running.InstanceId]), Cancel);
        await ec2.InstanceIs(running.InstanceId, "terminated");
    }

    [Fact]
    public async Task A_machine_rests_for_an_image_while_it_is_shown_as_running()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("rest");
        var id = (await ec2.Running(image)).InstanceId;

        await Change(i => i.AskQuiet("ami-00000000000000000"));
        var quiet = await TestServer.Eventually(Row, i => i.IsQuiet);
        Assert.Equal("running", (await ec2.Instance(id)).State.Name.Value);
        Assert.Equal(GuestPhase.Quiet, quiet.Phase);

        await Change(i => i.Resume("ami-00000000000000000"));
        await TestServer.Eventually(Row, i => i.Phase == GuestPhase.None);
        Assert.Equal("running", (await ec2.Instance(id)).State.Name.Value);

        Task<Service.Ec2.Instances.Instance> Row() =>
            server.WithDb(db => db.Instances.AsNoTracking().SingleAsync(i => i.Id == id, Cancel));
        Task<int> Change(Action<Service.Ec2.Instances.Instance> change) => server.WithDb(async db =>
        {
            var row = await db.Instances.SingleAsync(i => i.Id == id, Cancel);
            change(row);
            await InstanceReconciler.Want(db, row, server.Clock.GetUtcNow(), Cancel);
            return await db.SaveChangesAsync(Cancel);
        });
    }

    private Task<string> StoreImage() => server.WithDb(async db =>
    {
        var now = server.Clock.GetUtcNow();
        var image = new Image
        {
            Id = "ami-0" + Service.Calls.Ids.Hex(8),
            Region = "us-east-1",
            AccountId = TestServer.A,
            Name = "store",
            Platform = new ImagePlatform { Architecture = "x86_64", VirtualizationType = "hvm" },
            RootDeviceType = "instance-store",
            Devices = [],
            ImageLocation = "bucket/image.manifest.xml",
            CreationDate = now,
        };
        image.ClaimName();
        image.Become(ImageState.Available, now);
        db.Add(image);
        await db.SaveChangesAsync(Cancel);
        return image.Id;
    });
}

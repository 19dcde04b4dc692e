using Amazon.EC2.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Instances;

public sealed class InstanceLifeTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task C137_C138_Stopping_and_starting_keeps_the_bytes_and_changes_the_public_address()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("stop-start");
        var running = await ec2.Running(image);
        var root = running.VolumeOf("/dev/xvda");
        await Disk.Write(server, root, 9 << 20, Disk.Bytes(7, 1 << 20));
        var sum = await Disk.Sha256(server, root);

        var stopping = (await ec2.StopInstancesAsync(new StopInstancesRequest([running.InstanceId]), Cancel))
            .StoppingInstances.Single();
        var stopped = await ec2.InstanceIs(running.InstanceId, "stopped");

        Assert.Equal(("running", "stopping"),
            (stopping.PreviousState.Name.Value, stopping.CurrentState.Name.Value));
        Assert.Equal("Client.UserInitiatedShutdown", stopped.StateReason.Code);
        Assert.Null(stopped.PublicIpAddress);
        Assert.Equal(running.PrivateIpAddress, stopped.PrivateIpAddress);
        await ec2.StartInstancesAsync(new StartInstancesRequest([running.InstanceId]), Cancel);
        var again = await ec2.InstanceIs(running.InstanceId, "running");
        Assert.NotNull(again.PublicIpAddress);
        Assert.Equal(sum, await Disk.Sha256(server, again.VolumeOf("/dev/xvda")));
    }

    [Fact]
    public async Task C036_Terminating_deletes_the_root_and_keeps_other_volumes()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("terminate");
        var running = await ec2.Running(image, r => r.BlockDeviceMappings =
            [new BlockDeviceMapping { DeviceName = "/dev/sdf", Ebs = new EbsBlockDevice { VolumeSize = 1 } }]);
        var (root, data) = (running.VolumeOf("/dev/xvda"), running.VolumeOf("/dev/sdf"));

        await ec2.TerminateInstancesAsync(new TerminateInstancesRequest([running.InstanceId]), Cancel);
        var ended = await ec2.InstanceIs(running.InstanceId, "terminated");
        var again = (await ec2.TerminateInstancesAsync(new TerminateInstancesRequest([running.InstanceId]), Cancel))
            .TerminatingInstances.Single();

        Assert.Empty(ended.BlockDeviceMappings ?? []);
        Assert.Empty(ended.NetworkInterfaces ?? []);
        Assert.Equal("terminated", again.CurrentState.Name.Value);
        await ec2.VolumeIs(data, "available");
        var left = await TestServer.Eventually(
            () => ec2.DescribeVolumesAsync(
                new DescribeVolumesRequest { Filters = [new Filter("volume-id", [root])] }, Cancel),
            v => (v.Volumes?.Count ?? 0) == 0);
        Assert.Empty(left.Volumes ?? []);
    }

    [Fact]
    public async Task A_protected_instance_is_not_terminated()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("protected");
        var running = await ec2.Running(image, r => r.DisableApiTermination = true);

        var refusal = await Ec2Waits.Refused("OperationNotPermitted", () => ec2.TerminateInstancesAsync(
            new TerminateInstancesRequest([running.InstanceId]), Cancel));

        Assert.Contains("'disableApiTermination'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task States_that_do_not_allow_a_call_refuse_it()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("wrong-states");
        var id = (await ec2.Running(image)).InstanceId;
        await ec2.TerminateInstancesAsync(new TerminateInstancesRequest([id]), Cancel);
        await ec2.InstanceIs(id, "terminated");

        await Ec2Waits.Refused("IncorrectInstanceState",
            () => ec2.StartInstancesAsync(new StartInstancesRequest([id]), Cancel));
        await Ec2Waits.Refused("IncorrectInstanceState",
            () => ec2.StopInstancesAsync(new StopInstancesRequest([id]), Cancel));
        await Ec2Waits.Refused("IncorrectInstanceState",
            () => ec2.RebootInstancesAsync(new RebootInstancesRequest([id]), Cancel));
        var absent = await Ec2Waits.Refused("InvalidInstanceID.NotFound",
            () => ec2.StopInstancesAsync(new StopInstancesRequest(["i-00000000000000000"]), Cancel));
        Assert.Equal("The instance ID 'i-00000000000000000' does not exist", absent.Message);
        await Ec2Waits.Refused("InvalidInstanceID.Malformed",
            () => ec2.StopInstancesAsync(new StopInstancesRequest(["nothing"]), Cancel));
    }

    [Fact]
    public async Task Instances_are_found_by_their_filters_and_in_pages()
    {
        var ec2 = server.Ec2(region: "us-east-1");
        var (image, _) = await server.NewImage("filters");
        var request = Machines.Request(image);
        (request.MinCount, request.MaxCount) = (6, 6);
        var launch = (await ec2.RunInstancesAsync(request, Cancel)).Reservation;
        foreach (var instance in launch.Instances)
            await ec2.InstanceIs(instance.InstanceId, "running");
        var one = await ec2.Instance(launch.Instances[3].InstanceId);

        Assert.Equal(6, (await Found(new Filter("reservation-id", [launch.ReservationId]))).Count);
        Assert.Equal(6, (await Found(
            new Filter("image-id", [image]), new Filter("instance-state-name", ["run*"]))).Count);
        Assert.Equal([one.InstanceId],
            await Found(new Filter("block-device-mapping.volume-id", [one.VolumeOf("/dev/xvda")])));
        Assert.Equal([one.InstanceId], await Found(
            new Filter("network-interface.network-interface-id", [one.NetworkInterfaces[0].NetworkInterfaceId])));
        Assert.Equal([one.InstanceId], await Found(new Filter("private-ip-address", [one.PrivateIpAddress])));
        Assert.Equal([one.InstanceId], await Found(new Filter("availability-zone-id", ["use1-az*"]),
            new Filter("current-instance-boot-mode", ["legacy-bios"]), new Filter("operator.managed", ["false"]),
            new Filter("instance-id", [one.InstanceId])));
        Assert.Empty(await Found(new Filter("instance-lifecycle", ["spot"])));
        await Ec2Waits.Refused("InvalidParameterValue", () => Found(new Filter("colour", ["red"])));
        var page = await ec2.DescribeInstancesAsync(new DescribeInstancesRequest
        {
            Filters = [new Filter("image-id", [image])], MaxResults = 5,
        }, Cancel);
        var rest = await ec2.DescribeInstancesAsync(new DescribeInstancesRequest
        {
            Filters = [new Filter("image-id", [image])], MaxResults = 5, NextToken = page.NextToken,
        }, Cancel);
        Assert.Equal(5, page.Reservations.Sum(r => r.Instances.Count));
        Assert.Equal(1, rest.Reservations.Sum(r => r.Instances.Count));

        async Task<List<string>> Found(params Filter[] filters) =>
            [.. ((await ec2.DescribeInstancesAsync(new DescribeInstancesRequest { Filters = [.. filters] }, Cancel))
                .Reservations ?? []).SelectMany(r => r.Instances).Select(i => i.InstanceId)];
    }

    [Fact]
    public async Task The_status_tells_of_running_instances_or_of_all()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("status");
        var id = (await ec2.Running(image)).InstanceId;
        var request = new DescribeInstanceStatusRequest { InstanceIds = [id] };

        var ok = (await ec2.DescribeInstanceStatusAsync(request, Cancel)).InstanceStatuses.Single();
        async Task<int> Passing(string name, string value) => (await ec2.DescribeInstanceStatusAsync(
            new DescribeInstanceStatusRequest { InstanceIds = [id], Filters = [new Filter(name, [value])] }, Cancel))
            .InstanceStatuses?.Count ?? 0;
        Assert.Equal((1, 0), (await Passing("attached-ebs-status.status", "ok"), await Passing("event.code", "*")));
        await ec2.StopInstancesAsync(new StopInstancesRequest([id]) { Force = true }, Cancel);
        await ec2.InstanceIs(id, "stopped");
        var none = (await ec2.DescribeInstanceStatusAsync(request, Cancel)).InstanceStatuses;
        request.IncludeAllInstances = true;
        var all = (await ec2.DescribeInstanceStatusAsync(request, Cancel)).InstanceStatuses.Single();

        Assert.Equal("ok", ok.Status.Status.Value);
        Assert.Equal("passed", ok.SystemStatus.Details.Single().Status.Value);
        Assert.Empty(none ?? []);
        Assert.Equal("not-applicable", all.Status.Status.Value);
    }
}

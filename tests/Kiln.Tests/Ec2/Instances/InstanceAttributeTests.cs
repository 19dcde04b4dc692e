using System.Text;
using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Instances;

public sealed class InstanceAttributeTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_running_machine_changes_groups_protection_and_what_becomes_of_volumes()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("attributes");
        var running = await ec2.Running(image);
        var group = (await ec2.CreateSecurityGroupAsync(
            new CreateSecurityGroupRequest { GroupName = "second", Description = "d" }, Cancel)).GroupId;

        await Modify(running, r => r.Groups = [group]);
        await Modify(running, r => r.DisableApiTermination = true);
        await Modify(running, r => r.SourceDestCheck = false);
        await Modify(running, r => r.BlockDeviceMappings =
        [
            new InstanceBlockDeviceMappingSpecification
            {
                DeviceName = "/dev/xvda", Ebs = new EbsInstanceBlockDeviceSpecification { DeleteOnTermination = false },
            },
        ]);

        var now = await ec2.Instance(running.InstanceId);
        Assert.Equal(group, Assert.Single(now.SecurityGroups).GroupId);
        Assert.False(now.SourceDestCheck);
        Assert.False(now.BlockDeviceMappings.Single().Ebs.DeleteOnTermination);
        Assert.True((await Describe(running, "disableApiTermination")).DisableApiTermination);
        Assert.Equal(group, (await Describe(running, "groupSet")).Groups.Single().GroupId);
        await ec2.ResetInstanceAttributeAsync(
            new ResetInstanceAttributeRequest(running.InstanceId, "sourceDestCheck"), Cancel);
        Assert.True((await Describe(running, "sourceDestCheck")).SourceDestCheck);
    }

    [Fact]
    public async Task Type_user_data_and_ena_need_a_stopped_machine()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("stopped-attributes");
        var running = await ec2.Running(image);
        await Ec2Waits.Refused("IncorrectInstanceState", () => Modify(running, r => r.InstanceType = "t3.small"));
        await ec2.StopInstancesAsync(new StopInstancesRequest([running.InstanceId]), Cancel);
        await ec2.InstanceIs(running.InstanceId, "stopped");
        var data = Convert.ToBase64String(Encoding.ASCII.GetBytes("#!/bin/sh"));

        await Modify(running, r => r.InstanceType = "t3.small");
        await Modify(running, r => r.UserData = new SecureBlobAttributeValue
        {
            Value = new MemoryStream(Encoding.ASCII.GetBytes("#!/bin/sh")),
        });
        await Modify(running, r => r.EnaSupport = true);

        Assert.Equal("t3.small", (await Describe(running, "instanceType")).InstanceType);
        Assert.Equal(data, (await Describe(running, "userData")).UserData);
        await Ec2Waits.Refused("InvalidParameterValue", () => Modify(running, r => r.InstanceType = "t4g.small"));
        await Ec2Waits.Refused("InvalidParameterCombination", () => Modify(running, _ => { }));
    }

    [Fact]
    public async Task Console_password_monitoring_and_metadata_options_are_told()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("console");
        var running = await ec2.Running(image);

        var console = await ec2.GetConsoleOutputAsync(new GetConsoleOutputRequest(running.InstanceId), Cancel);
        var text = Encoding.UTF8.GetString(Convert.FromBase64String(console.Output));
        Assert.Contains("simulated", text, StringComparison.Ordinal);
        Assert.Contains(running.InstanceId, text, StringComparison.Ordinal);
        var password = await ec2.GetPasswordDataAsync(new GetPasswordDataRequest(running.InstanceId), Cancel);
        Assert.True(string.IsNullOrEmpty(password.PasswordData));
        var monitored = await ec2.MonitorInstancesAsync(new MonitorInstancesRequest([running.InstanceId]), Cancel);
        Assert.Equal("enabled", monitored.InstanceMonitorings.Single().Monitoring.State.Value);
        var options = (await ec2.ModifyInstanceMetadataOptionsAsync(new ModifyInstanceMetadataOptionsRequest
        {
            InstanceId = running.InstanceId, HttpTokens = HttpTokensState.Required, HttpPutResponseHopLimit = 2,
        }, Cancel)).InstanceMetadataOptions;
        Assert.Equal(("required", 2), (options.HttpTokens.Value, options.HttpPutResponseHopLimit));
    }

    private Task Modify(Instance instance, Action<ModifyInstanceAttributeRequest> change)
    {
        var request = new ModifyInstanceAttributeRequest { InstanceId = instance.InstanceId };
        change(request);
        return server.Ec2().ModifyInstanceAttributeAsync(request, Cancel);
    }

    private async Task<InstanceAttribute> Describe(Instance instance, string name) =>
        (await server.Ec2().DescribeInstanceAttributeAsync(
            new DescribeInstanceAttributeRequest(instance.InstanceId, name), Cancel)).InstanceAttribute;
}

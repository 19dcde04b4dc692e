using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Amazon.EC2.Model;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Tags;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Tests.Cli;

/// <summary><c>kiln ssh</c> before there is anybody to log in to; the ssh it runs tells what it was given.</summary>
public sealed class SshTests(TestServer server) : IClassFixture<TestServer>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-ssh-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Without_a_rule_it_names_the_group_and_the_command_and_with_one_it_waits_for_the_banner()
    {
        PutSsh();
        using var machine = new TcpListener(IPAddress.Parse("127.128.77.1"), 0);
        machine.Start();
        var port = ((IPEndPoint)machine.LocalEndpoint).Port;
        var (id, group) = await InstanceAt("127.128.77.1", port);

        var refused = await CliRun.In(_folder, server, "ssh", id);
        Assert.Equal(1, refused.Code);
        Assert.Contains($"default ({group}), no inbound rule allows TCP port 22 from 127.0.0.1", refused.Errors,
            StringComparison.Ordinal);
        Assert.Contains($"--group-id {group} --protocol tcp --port 22 --cidr 127.0.0.1/32", refused.Errors,
            StringComparison.Ordinal);

        await server.Ec2().AuthorizeSecurityGroupIngressAsync(new AuthorizeSecurityGroupIngressRequest
        {
            GroupId = group,
            IpPermissions = [new IpPermission
            {
                IpProtocol = "tcp", FromPort = 20, ToPort = 30, Ipv4Ranges = [new IpRange { CidrIp = "0.0.0.0/0" }],
            }],
        }, Cancel);
        var booting = Boot(machine);
        var done = await CliRun.In(_folder, server, "ssh", id, "-l", "admin", "--", "uptime");
        Assert.Equal(3, await booting);
        Assert.Equal(0, done.Code);
        Assert.Contains($"-p {port} -l admin 127.128.77.1 uptime", done.Output, StringComparison.Ordinal);
        Assert.Contains($"Waiting for {id} until its SSH answers", done.Errors, StringComparison.Ordinal);

        machine.Stop();
        var silent = await CliRun.In(_folder, server, "ssh", id, "--wait", "0");
        Assert.Equal(1, silent.Code);
        Assert.Contains("No SSH server answered at 127.128.77.1", silent.Errors, StringComparison.Ordinal);
        await server.Ec2().StopInstancesAsync(new() { InstanceIds = [id] }, Cancel);
        await server.Ec2().InstanceIs(id, "stopped");
        Assert.Contains("aws ec2 start-instances", (await CliRun.In(_folder, server, "ssh", id)).Errors,
            StringComparison.Ordinal);
    }

    /// <summary>A machine that is not up yet: connections end at once, until one gets a server's line.</summary>
    private static async Task<int> Boot(TcpListener machine)
    {
        for (var connection = 1; ; connection++)
        {
            using var client = await machine.AcceptTcpClientAsync(Cancel);
            if (connection < 3)
                continue;
            await client.GetStream().WriteAsync("SSH-2.0-test\r\n"u8.ToArray(), Cancel);
            return connection;
        }
    }

    private async Task<(string Id, string Group)> InstanceAt(string address, int port)
    {
        var (image, _) = await server.NewImage("ssh");
        var instance = await server.Ec2().Running(image);
        await server.WithDb(async db =>
        {
            var row = await db.Instances.SingleAsync(i => i.Id == instance.InstanceId, Cancel);
            row.PublicIpAddress = address;
            // One that has long printed its keys, if it ever does.
            row.LaunchTime -= TimeSpan.FromHours(1);
            db.Add(new ResourceTag
            {
                ResourceId = row.Id, AccountId = row.AccountId, Region = row.Region, ResourceType = "instance",
                Key = SshPortTag.Key, Value = port.ToString(CultureInfo.InvariantCulture),
            });
            return await db.SaveChangesAsync(Cancel);
        });
        return (instance.InstanceId, instance.SecurityGroups[0].GroupId);
    }

    private void PutSsh()
    {
        var bin = Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName;
        var ssh = Path.Combine(bin, "ssh");
        File.WriteAllText(ssh, "#!/bin/sh\necho \"$@\"\n");
        File.SetUnixFileMode(ssh, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
    }
}

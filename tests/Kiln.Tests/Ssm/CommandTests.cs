using Amazon.EC2.Model;
using Amazon.SimpleSystemsManagement;
using Amazon.SimpleSystemsManagement.Model;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Ssm;

/// <summary>Commands through an agent that runs them on this machine.</summary>
public sealed class CommandTests(TestServer server) : IClassFixture<TestServer>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-ssm-").FullName;
    private readonly List<FakeAgent> _agents = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private AmazonSimpleSystemsManagementClient Ssm => server.Ssm();

    [Fact]
    public async Task A_script_runs_and_its_output_comes_back()
    {
        var (id, _) = await Machine("script");
        var sent = (await Send(id, "echo hello; echo oops >&2", "pwd", "exit 3")).Command;
        Assert.Equal(("AWS-RunShellScript", 1), (sent.DocumentName, sent.TargetCount));

        var ended = await Ended(sent.CommandId, id);
        Assert.Equal(("Failed", "Failed", 3), (ended.Status.Value, ended.StatusDetails, ended.ResponseCode));
        Assert.Equal(("hello\n/\n", "oops\n"), (ended.StandardOutputContent, ended.StandardErrorContent));

        var list = await Ssm.ListCommandsAsync(new ListCommandsRequest { CommandId = sent.CommandId }, Cancel);
        var command = Assert.Single(list.Commands);
        Assert.Equal(("Failed", 1, 1), (command.Status.Value, command.CompletedCount, command.ErrorCount));
        var by = await Ssm.ListCommandInvocationsAsync(
            new ListCommandInvocationsRequest { InstanceId = id, Details = true }, Cancel);
        Assert.Contains("oops", Assert.Single(by.CommandInvocations).CommandPlugins[0].Output,
            StringComparison.Ordinal);
        Assert.Empty((await Ssm.ListCommandsAsync(new ListCommandsRequest
        {
            Filters = [new() { Key = "Status", Value = "Success" }], InstanceId = id,
        }, Cancel)).Commands ?? []);
    }

    [Fact]
    public async Task An_agent_that_forgets_runs_nothing_twice()
    {
        var (id, agent) = await Machine("forget");
        var mark = Path.Combine(_folder, "mark");
        var go = Path.Combine(_folder, "go");
        var sent = (await Send(id, $"echo x >> {mark}", $"until [ -e {go} ]; do sleep 0.1; done", "echo end")).Command;
        await TestServer.Eventually(() => Task.FromResult(File.Exists(mark)), there => there);
        agent.Forget();
        await TestServer.Eventually(() => Task.FromResult(agent.Started), n => n > 1);
        await File.WriteAllTextAsync(go, "", Cancel);

        var ended = await Ended(sent.CommandId, id);
        Assert.Equal(("Success", "end\n"), (ended.Status.Value, ended.StandardOutputContent));
        Assert.Equal("x\n", await File.ReadAllTextAsync(mark, Cancel));
    }

    [Fact]
    public async Task A_frozen_machine_is_waited_for_and_a_restart_of_Kiln_goes_on()
    {
        var (id, agent) = await Machine("frozen");
        agent.IsFrozen = true;
        var sent = (await Send(id, "echo thawed")).Command;
        await server.StopAsync();
        await server.StartAsync();
        agent.IsFrozen = false;
        var ended = await Ended(sent.CommandId, id);
        Assert.Equal(("Success", "thawed\n"), (ended.Status.Value, ended.StandardOutputContent));
        Assert.Equal(1, agent.Started);
    }

    [Fact]
    public async Task A_command_is_cancelled_while_it_runs_and_ends_when_its_time_is_up()
    {
        var (id, _) = await Machine("cancel");
        var mark = Path.Combine(_folder, "running");
        var sent = (await Send(id, $"touch {mark}; exec sleep 300")).Command;
        await TestServer.Eventually(() => Task.FromResult(File.Exists(mark)), there => there);
        await Ssm.CancelCommandAsync(new CancelCommandRequest { CommandId = sent.CommandId }, Cancel);
        Assert.Equal("Cancelled", (await Ended(sent.CommandId, id)).Status.Value);

        var late = (await Ssm.SendCommandAsync(new()
        {
            DocumentName = "AWS-RunShellScript", InstanceIds = [id],
            Parameters = new() { ["commands"] = ["exec sleep 300"], ["executionTimeout"] = ["1"] },
        }, Cancel)).Command;
        var ended = await Ended(late.CommandId, id);
        Assert.Equal(("TimedOut", "ExecutionTimedOut"), (ended.Status.Value, ended.StatusDetails));
    }

    [Fact]
    public async Task Output_has_AWSs_limits_and_may_be_any_bytes()
    {
        var (id, _) = await Machine("output");
        var sent = (await Send(id, "head -c 200000 /dev/zero | tr '\\0' x",
            "head -c 50000 /dev/zero >&2", "printf '\\377'")).Command;
        var ended = await Ended(sent.CommandId, id);
        Assert.Equal(new string('x', 24_000), ended.StandardOutputContent);
        Assert.Equal(8_000, ended.StandardErrorContent.Length);
        Assert.Equal("Success", ended.Status.Value);
    }

    [Fact]
    public async Task Targets_are_found_by_tag_and_the_unreachable_are_refused()
    {
        var (id, _) = await Machine("target");
        await server.Ec2().CreateTagsAsync(new CreateTagsRequest
        {
            Resources = [id], Tags = [new() { Key = "role", Value = "web" }],
        }, Cancel);
        var silent = (await server.Ec2().Running((await server.NewImage("silent")).ImageId)).InstanceId;

        var sent = (await Ssm.SendCommandAsync(new()
        {
            DocumentName = "AWS-RunShellScript", MaxConcurrency = "10%", MaxErrors = "1",
            Targets = [new() { Key = "tag:role", Values = ["web"] }],
            Parameters = new() { ["commands"] = ["true"] },
        }, Cancel)).Command;
        Assert.Equal("Success", (await Ended(sent.CommandId, id)).Status.Value);
        var online = await Ssm.DescribeInstanceInformationAsync(new(), Cancel);
        Assert.Contains(online.InstanceInformationList, i => i.InstanceId == id && i.PingStatus == "Online");
        Assert.DoesNotContain(online.InstanceInformationList, i => i.InstanceId == silent);

        await SsmClients.Refused("InvalidInstanceId", () => Send(silent, "true"));
        await SsmClients.Refused("InvalidInstanceId", () => Send("i-0123456789abcdef0", "true"));
        await SsmClients.Refused("InvalidInstanceId", () => server.Ssm(TestServer.B).SendCommandAsync(new()
        {
            DocumentName = "AWS-RunShellScript", InstanceIds = [id], Parameters = new() { ["commands"] = ["true"] },
        }, Cancel));
        await SsmClients.Refused("InvalidDocument", () => Ssm.SendCommandAsync(
            new() { DocumentName = "AWS-RunPowerShellScript", InstanceIds = [id] }, Cancel));
        await SsmClients.Refused("InvalidParameters", () => Ssm.SendCommandAsync(
            new() { DocumentName = "AWS-RunShellScript", InstanceIds = [id] }, Cancel));
        var message = await SsmClients.Refused("ValidationException", () => Ssm.SendCommandAsync(new()
        {
            DocumentName = "AWS-RunShellScript", InstanceIds = [id], OutputS3BucketName = "bucket",
            Parameters = new() { ["commands"] = ["true"] },
        }, Cancel));
        Assert.Contains("OutputS3BucketName", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_go_after_thirty_days()
    {
        var (id, _) = await Machine("old");
        var sent = (await Send(id, "true")).Command;
        await Ended(sent.CommandId, id);
        await server.Advance(TimeSpan.FromDays(31));
        await TestServer.Eventually(async () => (await Ssm.ListCommandsAsync(
            new ListCommandsRequest { CommandId = sent.CommandId }, Cancel)).Commands?.Count ?? 0, n => n == 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var agent in _agents)
            agent.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<(string Id, FakeAgent Agent)> Machine(string name)
    {
        var (image, _) = await server.NewImage($"{name}-{Unique()}");
        var id = (await server.Ec2().Running(image)).InstanceId;
        var agent = new FakeAgent(
            server.Server.Services.GetRequiredService<GuestFolders>().Of(id).AgentSocket,
            Path.Combine(_folder, "commands"));
        _agents.Add(agent);
        return (id, agent);
    }

    private static string Unique() => Service.Calls.Ids.Hex(4);

    private Task<SendCommandResponse> Send(string instance, params string[] lines) => Ssm.SendCommandAsync(new()
    {
        DocumentName = "AWS-RunShellScript", InstanceIds = [instance],
        Parameters = new() { ["commands"] = [.. lines] },
    }, Cancel);

    private Task<GetCommandInvocationResponse> Ended(string command, string instance) => TestServer.Eventually(
        () => Ssm.GetCommandInvocationAsync(new() { CommandId = command, InstanceId = instance }, Cancel),
        i => i.Status.Value is not ("Pending" or "InProgress" or "Cancelling"));
}

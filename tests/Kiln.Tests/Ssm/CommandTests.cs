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
        const string Mark = "--output truncated--";
        Assert.Equal(new string('x', 24_000 - Mark.Length) + Mark, ended.StandardOutputContent);
        Assert.Equal(8_000, ended.StandardErrorContent.Length);
        var listed = Assert.Single((await Ssm.ListCommandInvocationsAsync(new ListCommandInvocationsRequest
        {
            CommandId = sent.CommandId, Details = true,
        }, Cancel)).CommandInvocations).CommandPlugins[0].Output;
        Assert.Equal(2500, listed.Length);
        Assert.Contains("x\n---Output truncated---\n----------ERROR-------\n", listed, StringComparison.Ordinal);
        Assert.EndsWith("\n---Error truncated----", listed, StringComparison.Ordinal);
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
        foreach (var (key, value, passes) in new[]
        {
            ("InstanceIds", id, true), ("tag:role", "web", true), ("tag:role", "db", false), ("tag-key", "role", true),
            ("AgentVersion", "qemu-guest-agent", true), ("PlatformTypes", "Windows", false), ("IamRole", "r", false),
            ("ActivationIds", "a", false), ("SourceTypes", "AWS::EC2::Instance", false),
        })
        {
            var filtered = await Ssm.DescribeInstanceInformationAsync(
                new() { Filters = [new() { Key = key, Values = [value] }] }, Cancel);
            Assert.Equal(passes, filtered.InstanceInformationList?.Exists(i => i.InstanceId == id) == true);
        }
        var older = await Ssm.DescribeInstanceInformationAsync(new()
        {
            InstanceInformationFilterList = [new() { Key = "InstanceIds", ValueSet = [id, silent] }],
        }, Cancel);
        Assert.Equal(id, Assert.Single(older.InstanceInformationList).InstanceId);
        await SsmClients.Refused("InvalidFilterKey", () => Ssm.DescribeInstanceInformationAsync(
            new() { Filters = [new() { Key = "Colour", Values = ["red"] }] }, Cancel));

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
        Assert.Contains("({{ssm:/db/name}})", await SsmClients.Refused("InvalidParameters",
            () => Send(id, "echo {{ssm:/db/name}}")), StringComparison.Ordinal);
        var message = await SsmClients.Refused("ValidationException", () => Ssm.SendCommandAsync(new()
        {
            DocumentName = "AWS-RunShellScript", InstanceIds = [id], OutputS3BucketName = "bucket",
            Parameters = new() { ["commands"] = ["true"] },
        }, Cancel));
        Assert.Contains("OutputS3BucketName", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_at_a_time_is_one_at_a_time_and_too_many_errors_end_it()
    {
        var ids = new List<string>();
        foreach (var name in (string[])["row-a", "row-b", "row-c"])
            ids.Add((await Machine(name)).Id);
        var (alone, log) = (Path.Combine(_folder, "alone"), Path.Combine(_folder, "log"));
        Task<Command> Roll(string maxErrors, params string[] lines) => SendTo(ids, "1", maxErrors, lines);

        var rolled = await Roll("0", $"mkdir {alone} || exit 1; sleep 0.3; rmdir {alone}; echo x >> {log}");
        foreach (var id in ids)
            Assert.Equal("Success", (await Ended(rolled.CommandId, id)).Status.Value);
        Assert.Equal("x\nx\nx\n", await File.ReadAllTextAsync(log, Cancel));

        // The first failure is one too many.
        var failed = await Roll("0", "exit 1");
        var details = new List<string>();
        foreach (var id in ids)
            details.Add((await Ended(failed.CommandId, id)).StatusDetails);
        Assert.Equal(["Failed", "Terminated", "Terminated"], details.Order());
        Assert.Equal(("Failed", "Failed"), await StatusOf(failed));

        // One may fail: what it is then is not all of it.
        var marked = Path.Combine(_folder, "first");
        var borne = await Roll("1", $"mkdir {marked} 2>/dev/null && exit 1; true");
        foreach (var id in ids)
            await Ended(borne.CommandId, id);
        Assert.Equal(("Failed", "Incomplete"), await StatusOf(borne));
        Assert.Equal([borne.CommandId], await Listed("Status", "Incomplete"));
        Assert.Contains(rolled.CommandId, await Listed("ExecutionStage", "Complete"));
        Assert.Empty(await Listed("ExecutionStage", "Executing"));
        await SsmClients.Refused("ValidationException", () => Listed("Status", "Sideways"));
        await SsmClients.Refused("InvalidFilterKey", () => Listed("Colour", "blue"));
    }

    [Fact]
    public async Task A_command_is_cancelled_on_one_instance_and_ends_with_all_it_started()
    {
        var (first, _) = await Machine("cancel-a");
        var (second, agent) = await Machine("cancel-b");
        var go = Path.Combine(_folder, "go-on");
        var sent = await SendTo([first, second], "50", "0",
            [$"echo $$ > {_folder}/$$.pid; sleep 307 & sleep 308 & until [ -e {go} ]; do sleep 0.1; done"]);
        await TestServer.Eventually(
            () => Task.FromResult(Directory.GetFiles(_folder, "*.pid").Length), started => started == 2);
        await SsmClients.Refused("InvalidInstanceId", () => Cancelled(sent, "i-0123456789abcdef0"));
        await SsmClients.Refused("DuplicateInstanceId", () => Cancelled(sent, first, first));
        await Cancelled(sent, first);
        var ended = await Ended(sent.CommandId, first);
        Assert.Equal(
            ("Cancelled", "Cancelled", ""), (ended.Status.Value, ended.StatusDetails, ended.StandardOutputUrl));
        await File.WriteAllTextAsync(go, "", Cancel);
        Assert.Equal("Success", (await Ended(sent.CommandId, second)).Status.Value);
        Assert.Equal(("Cancelled", "Cancelled"), await StatusOf(sent));

        // What never began does not begin when it is cancelled.
        agent.IsFrozen = true;
        var mark = Path.Combine(_folder, "never");
        var late = await SendTo([second], "50", "0", [$"touch {mark}"]);
        await TestServer.Eventually(
            () => Ssm.GetCommandInvocationAsync(new() { CommandId = late.CommandId, InstanceId = second }, Cancel),
            i => i.Status.Value == "InProgress");
        await Cancelled(late);
        agent.IsFrozen = false;
        Assert.Equal("Cancelled", (await Ended(late.CommandId, second)).Status.Value);
        Assert.False(File.Exists(mark));
    }

    [Fact]
    public async Task The_document_is_found_described_and_read()
    {
        var listed = await Ssm.ListDocumentsAsync(new()
        {
            Filters = [new() { Key = "Owner", Values = ["Amazon"] }, new() { Key = "Name", Values = ["AWS-Run"] }],
        }, Cancel);
        Assert.Equal("AWS-RunShellScript", Assert.Single(listed.DocumentIdentifiers).Name);
        Assert.Empty((await Ssm.ListDocumentsAsync(
            new() { Filters = [new() { Key = "Owner", Values = ["Self"] }] }, Cancel)).DocumentIdentifiers ?? []);
        var described = (await Ssm.DescribeDocumentAsync("AWS-RunShellScript", Cancel)).Document;
        Assert.Equal(["commands", "workingDirectory", "executionTimeout"], described.Parameters.Select(p => p.Name));
        Assert.Equal("3600", described.Parameters[2].DefaultValue);
        var read = await Ssm.GetDocumentAsync(new GetDocumentRequest { Name = "AWS-RunShellScript" }, Cancel);
        Assert.Equal("1.2", (string?)System.Text.Json.Nodes.JsonNode.Parse(read.Content)!["schemaVersion"]);
        await SsmClients.Refused("InvalidDocument", () => Ssm.DescribeDocumentAsync("AWS-UpdateSSMAgent", Cancel));
        await SsmClients.Refused("InvalidDocumentVersion", () => Ssm.GetDocumentAsync(
            new GetDocumentRequest { Name = "AWS-RunShellScript", DocumentVersion = "7" }, Cancel));
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
            Path.Combine(_folder, $"commands-{id}"));
        _agents.Add(agent);
        return (id, agent);
    }

    private async Task<Command> SendTo(List<string> ids, string concurrency, string errors, string[] lines) =>
        (await Ssm.SendCommandAsync(new()
        {
            DocumentName = "AWS-RunShellScript", InstanceIds = ids, MaxConcurrency = concurrency, MaxErrors = errors,
            Parameters = new() { ["commands"] = [.. lines] },
        }, Cancel)).Command;

    private Task Cancelled(Command command, params string[] instances) => Ssm.CancelCommandAsync(
        new CancelCommandRequest { CommandId = command.CommandId, InstanceIds = [.. instances] }, Cancel);

    private async Task<(string Status, string Details)> StatusOf(Command command)
    {
        var found = Assert.Single((await Ssm.ListCommandsAsync(
            new ListCommandsRequest { CommandId = command.CommandId }, Cancel)).Commands);
        return (found.Status.Value, found.StatusDetails);
    }

    private async Task<string[]> Listed(string key, string value) => [.. ((await Ssm.ListCommandsAsync(
        new ListCommandsRequest { Filters = [new() { Key = key, Value = value }] }, Cancel)).Commands ?? [])
            .Select(c => c.CommandId)];

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

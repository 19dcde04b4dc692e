using System.Collections.Concurrent;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Iam;
using Kiln.Service.Iam.Policies;
using Kiln.Service.Persistence;
using Kiln.Service.Sts;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Imds;

/// <summary>The temporary keys that instances find in their metadata.</summary>
/// <remarks>
/// EC2 User Guide "IAM roles for Amazon EC2". Sessions as AssumeRole makes them, named by the instance. They are kept
/// here until an hour before their end, and made anew after a restart: keys that were given hold on until their end.
/// </remarks>
public sealed class RoleCredentials(IServiceScopeFactory scopes, TimeProvider clock) : IDisposable
{
    /// <summary>How long keys hold: six hours, as on EC2.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(6);

    /// <summary>New keys are there this long before the end of the old: EC2 promises five minutes, and SDKs ask for
    /// new ones from fifteen minutes before.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<(string InstanceId, string PrincipalId), Issued> _issued = new();
    private readonly SemaphoreSlim _once = new(1);

    /// <summary>Keys of the instance's role, as the document that SDKs read.</summary>
    public async Task<string> OfRole(Instance instance, Role role, CancellationToken cancel)
    {
        if (!MayBeAssumed(role))
            return Refusal(role);
        return Text(await Issue(
            instance, role.Id, sessions => sessions.OfRole(role, instance.Id, (int)Life.TotalSeconds), cancel));
    }

    /// <summary>Keys of the instance itself, which may do nothing but tell who they are.</summary>
    public async Task<string> OfInstance(Instance instance, CancellationToken cancel) => Text(await Issue(
        instance, "", sessions => sessions.OfInstance(instance.AccountId, instance.Id, (int)Life.TotalSeconds),
        cancel));

    /// <summary>What is known of the instance's profile.</summary>
    internal string ProfileInfo(MetadataFacts facts)
    {
        var now = AwsJson.Time(clock.GetUtcNow());
        var instance = facts.Instance;
        return facts.Profile is null
            ? AwsJson.Of(
                ("Code", "InstanceProfileNotFound"),
                ("Message", $"Instance Profile with ID {instance.IamInstanceProfileId} does not exist."),
                ("LastUpdated", now))
            : AwsJson.Of(
                ("Code", "Success"), ("LastUpdated", now), ("InstanceProfileArn", instance.IamInstanceProfileArn),
                ("InstanceProfileId", instance.IamInstanceProfileId));
    }

    /// <summary>Whose the instance is.</summary>
    internal static string AccountInfo(Instance instance) => AwsJson.Of(
        ("Code", "Success"), ("LastUpdated", AwsJson.Time(instance.LaunchTime)), ("AccountId", instance.AccountId));

    /// <summary>Forgets an instance's keys, which end by themselves.</summary>
    public void Forget(string instanceId)
    {
        foreach (var key in _issued.Keys.Where(k => k.InstanceId == instanceId))
            _issued.TryRemove(key, out _);
    }

    /// <inheritdoc/>
    public void Dispose() => _once.Dispose();

    private static bool MayBeAssumed(Role role) =>
        PolicyDocument.Parse(role.TrustPolicy, PolicyKind.Trust).Decide(new PolicyRequest
        {
            Action = "sts:AssumeRole",
            Resource = role.Arn,
            Principal = new PolicyPrincipal("", "", Service: "ec2.amazonaws.com"),
        }) == Decision.Allowed;

    private async Task<Issued> Issue(
        Instance instance, string principalId, Func<Sessions, SessionCredentials> make, CancellationToken cancel)
    {
        var key = (instance.Id, principalId);
        if (Fresh(key) is { } known)
            return known;
        await _once.WaitAsync(cancel);
        try
        {
            if (Fresh(key) is { } meanwhile)
                return meanwhile;
            await using var scope = scopes.CreateAsyncScope();
            var made = make(scope.ServiceProvider.GetRequiredService<Sessions>());
            await scope.ServiceProvider.GetRequiredService<Db>().SaveChangesAsync(cancel);
            return _issued[key] = new Issued(made, clock.GetUtcNow());
        }
        finally
        {
            _once.Release();
        }
    }

    private Issued? Fresh((string, string) key) =>
        _issued.TryGetValue(key, out var issued) && issued.Keys.Expiration - clock.GetUtcNow() > RenewBefore
            ? issued : null;

    private string Refusal(Role role) => AwsJson.Of(
        ("Code", "AssumeRoleUnauthorizedAccess"),
        ("Message", $"EC2 cannot assume the role {role.Name}. Its trust policy must allow sts:AssumeRole to the "
            + "service ec2.amazonaws.com."),
        ("LastUpdated", AwsJson.Time(clock.GetUtcNow())));

    private static string Text(Issued issued) => AwsJson.Of(
        ("Code", "Success"),
        ("LastUpdated", AwsJson.Time(issued.At)),
        ("Type", "AWS-HMAC"),
        ("AccessKeyId", issued.Keys.AccessKeyId),
        ("SecretAccessKey", issued.Keys.SecretAccessKey),
        ("Token", issued.Keys.SessionToken),
        ("Expiration", AwsJson.Time(issued.Keys.Expiration)));

    private sealed record Issued(SessionCredentials Keys, DateTimeOffset At);
}

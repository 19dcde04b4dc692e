using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Finds instances: an account sees its own, the terminated for an hour.</summary>
public static class InstanceAccess
{
    /// <summary>How long a terminated instance is shown: EC2 says about an hour.</summary>
    public static readonly TimeSpan Shown = TimeSpan.FromHours(1);

    /// <summary>Ids in one request.</summary>
    public const int IdsMax = 1_000;

    /// <summary>The caller's instances of the Region that are shown.</summary>
    public static IQueryable<Instance> Owned(Db db, Call call, DateTimeOffset now)
    {
        var since = now - Shown;
        return db.Instances.Where(i => i.Region == call.Region && i.AccountId == call.AccountId
            && (i.TerminatedAt == null || i.TerminatedAt > since));
    }

    /// <summary>The named instances, tracked, with their interfaces, in the order of the request.</summary>
    /// <exception cref="AwsException">InvalidInstanceID.Malformed, InvalidInstanceID.NotFound.</exception>
    public static async Task<IReadOnlyList<Instance>> Owned(
        Db db, IReadOnlyList<string> ids, Call call, DateTimeOffset now, CancellationToken cancel)
    {
        var wanted = ids.Distinct().ToList();
        if (wanted.Count == 0)
            throw Ec2Error.MissingParameter("InstanceId");
        if (wanted.Count > IdsMax)
            throw Ec2Error.InvalidParameterValue($"A request may name up to {IdsMax} instances.");
        foreach (var id in wanted)
            CheckId(id);
        var found = await Owned(db, call, now).Include(i => i.Interface).ThenInclude(n => n!.Groups)
            .Where(i => wanted.Contains(i.Id)).ToDictionaryAsync(i => i.Id, cancel);
        var absent = wanted.FindAll(id => !found.ContainsKey(id));
        if (absent.Count > 0)
            throw Ec2Error.InvalidInstanceIdNotFound(absent);
        return wanted.ConvertAll(id => found[id]);
    }

    /// <summary>The named instance, tracked, with its interface.</summary>
    /// <exception cref="AwsException">InvalidInstanceID.Malformed, InvalidInstanceID.NotFound.</exception>
    public static async Task<Instance> Owned(
        Db db, string id, Call call, DateTimeOffset now, CancellationToken cancel) =>
        (await Owned(db, [id], call, now, cancel))[0];

    /// <summary>Refuses what cannot be an instance id.</summary>
    /// <exception cref="AwsException">InvalidInstanceID.Malformed.</exception>
    public static void CheckId(string id)
    {
        if (!Ids.IsWellFormed("i", id))
            throw Ec2Error.InvalidInstanceIdMalformed(id);
    }

    /// <summary>The ARN of an instance, for authorisation.</summary>
    public static string ArnOf(Call call, string id) => Arn.Ec2(call.Region, call.AccountId, "instance", id);

    /// <summary>The ARNs of instances.</summary>
    public static IReadOnlyList<string> ArnsOf(Call call, IEnumerable<Instance> instances) =>
        [.. instances.Select(i => ArnOf(call, i.Id))];
}

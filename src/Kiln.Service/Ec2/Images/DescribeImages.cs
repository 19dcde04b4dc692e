using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Lists images: the caller's own, those shared with it, public ones. EC2 API Reference "DescribeImages".
/// </summary>
/// <remarks>
/// Two statements a page: the images, and the caller's tags on them. An id in the request that was deregistered
/// lately gives no image and no error; an unknown one, or one that the caller may not see, refuses the whole call.
/// </remarks>
[Operation("ec2:DescribeImages")]
public sealed class DescribeImages(Db db, Paging paging, TimeProvider clock)
    : IOperation<DescribeImages.Request, DescribeImages.Response>
{
    /// <summary>Ids in one call: EC2's limit for described ids.</summary>
    public const int IdsMax = 1000;

    /// <summary>What to list.</summary>
    public sealed record Request
    {
        /// <summary>An account id, <c>self</c> or <c>all</c>.</summary>
        [Wire("ExecutableBy"), MaxLength(200)]
        public IReadOnlyList<string> ExecutableUsers { get; init; } = [];

        /// <summary>Ids.</summary>
        [Wire("ImageId"), MaxLength(IdsMax)]
        public IReadOnlyList<string> ImageIds { get; init; } = [];

        /// <summary>
        /// Account ids, <c>self</c>, <c>kiln</c>, <c>amazon</c>, <c>aws-marketplace</c> or <c>aws-backup-vault</c>.
        /// </summary>
        [Wire("Owner"), MaxLength(200)]
        public IReadOnlyList<string> Owners { get; init; } = [];

        /// <summary>Whether deprecated images of others are listed too.</summary>
        public bool? IncludeDeprecated { get; init; }

        /// <summary>Whether the caller's own disabled images are listed too.</summary>
        public bool? IncludeDisabled { get; init; }

        /// <summary>1 to 1000.</summary>
        public int? MaxResults { get; init; }

        /// <summary>The token of the page before.</summary>
        public string? NextToken { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>See <see cref="ImageFilters"/>.</summary>
        [Wire("Filter"), MaxLength(200)]
        public IReadOnlyList<Filter> Filters { get; init; } = [];
    }

    /// <summary>A page of images.</summary>
    public sealed record Response
    {
        /// <summary>The token of the next page.</summary>
        public string? NextToken { get; init; }

        /// <summary>The images.</summary>
        [Wire("imagesSet")]
        public required IReadOnlyList<ImageItem> Images { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        Paging.CheckMaxResults(request.MaxResults, 1, 1000);
        foreach (var id in request.ImageIds)
            ImageAccess.CheckId(id);
        await call.Authorize();

        var now = clock.GetUtcNow();
        if (request.ImageIds.Count == 0)
            return await Listed(Scope(request, call, now), request, call, now, cancel);
        var named = await Named(request.ImageIds, call, now, cancel);
        var isPlain = request.Filters.Count == 0 && request.Owners.Count == 0 && request.ExecutableUsers.Count == 0
            && request is { MaxResults: null, NextToken: null };
        if (isPlain)
            return await Answer(named, null, call, now, cancel);
        var ids = named.ConvertAll(i => i.Id);
        return await Listed(
            Scope(request, call, now).Where(i => EF.Parameter(ids).Contains(i.Id)), request, call, now, cancel);
    }

    /// <summary>The images behind ids, without those deregistered lately.</summary>
    private async Task<List<Image>> Named(
        IReadOnlyList<string> imageIds, Call call, DateTimeOffset now, CancellationToken cancel)
    {
        var rows = db.Images.AsNoTracking().Where(i => i.Region == call.Region);
        if (imageIds is [var only])
        {
            rows = rows.Where(i => i.Id == only);
        }
        else
        {
            rows = rows.Where(i => EF.Parameter(imageIds).Contains(i.Id)).OrderBy(i => i.Id);
        }
        var found = await rows.ToListAsync(cancel);
        HashSet<string>? absent = null;
        for (var i = found.Count - 1; i >= 0; i--)
        {
            var image = found[i];
            var isGone = !await ImageAccess.MaySee(db, image, call.AccountId, cancel)
                || (image.State == ImageState.Disabled && image.AccountId != call.AccountId)
                || (image.State == ImageState.Deregistered
                    && await ImageAccess.IsForgotten(db, image, now, cancel));
            if (isGone)
                (absent ??= []).Add(image.Id);
            else if (image.State == ImageState.Deregistered)
                found.RemoveAt(i);
            else
                continue;
        }
        if (absent is null && (found.Count == imageIds.Count || imageIds.Count == 1 && found.Count == 1))
            return found;
        await RefuseUnknown(imageIds, absent ?? [], call, cancel);
        return found;
    }

    /// <summary>Refuses ids that nobody has, or that the caller may not know of.</summary>
    private async Task RefuseUnknown(
        IReadOnlyList<string> imageIds, HashSet<string> absent, Call call, CancellationToken cancel)
    {
        var known = await db.Images.Where(i => i.Region == call.Region && EF.Parameter(imageIds).Contains(i.Id))
            .Select(i => i.Id).ToListAsync(cancel);
        string[] unknown = [.. imageIds.Distinct().Where(id => absent.Contains(id) || !known.Contains(id))];
        if (unknown.Length > 0)
            throw Ec2Error.InvalidAmiIdNotFound((IReadOnlyList<string>)unknown);
    }

    /// <summary>What the request may list, before its filters.</summary>
    private IQueryable<Image> Scope(Request request, Call call, DateTimeOffset now)
    {
        var me = call.AccountId;
        var owners = Owners(request.Owners, me);
        var rows = db.Images.AsNoTracking().Where(i => i.Region == call.Region && i.State != ImageState.Deregistered);
        // The common case goes by the owner's index; the others have to look at who shares what.
        rows = owners is [var owner] && owner == me ? rows.Where(i => i.AccountId == me)
            : ImageAccess.Visible(rows, db, me);
        if (owners is not null && !(owners is [var sole] && sole == me))
            rows = rows.Where(i => owners.Contains(i.AccountId));
        if (request.ExecutableUsers.Count > 0)
            rows = ExecutableBy(rows, request.ExecutableUsers, me);

        var isNamed = request.ImageIds.Count > 0;
        if (request.IncludeDeprecated != true && !isNamed)
            rows = rows.Where(i => i.AccountId == me || i.DeprecationTime == null || i.DeprecationTime > now);
        return request.IncludeDisabled == true || isNamed
            ? rows.Where(i => i.State != ImageState.Disabled || i.AccountId == me)
            : rows.Where(i => i.State != ImageState.Disabled);
    }

    /// <summary>The account ids that owners stand for; null for no limit. AWS's own aliases own nothing here.</summary>
    private static List<string>? Owners(IReadOnlyList<string> owners, string me)
    {
        if (owners.Count == 0)
            return null;
        var accounts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var owner in owners)
        {
            if (owner == "self")
                accounts.Add(me);
            else if (owner == Publisher.Alias)
                accounts.Add(Publisher.AccountId);
            else if (Ids.IsAccountId(owner))
                accounts.Add(owner);
            else if (owner is not ("amazon" or "aws-marketplace" or "aws-backup-vault"))
                throw Ec2Error.InvalidUserIdMalformed(Ec2Error.Short(owner));
        }
        return [.. accounts];
    }

    private IQueryable<Image> ExecutableBy(IQueryable<Image> rows, IReadOnlyList<string> users, string me)
    {
        var everybody = users.Contains("all");
        var self = users.Contains("self") || users.Contains(me);
        List<string> others = [.. users.Where(u => u is not ("all" or "self") && u != me)];
        foreach (var user in others)
        {
            if (!Ids.IsAccountId(user))
                throw Ec2Error.InvalidUserIdMalformed(Ec2Error.Short(user));
        }
        var withMe = ImageAccess.SharedWith(db, me);
        var withThem = db.LaunchPermissions
            .Where(p => p.Kind == LaunchPermission.UserId && others.Contains(p.Value)).Select(p => p.ImageId);
        return rows.Where(i => (everybody && i.IsPublic) || (self && withMe.Contains(i.Id))
            || (i.AccountId == me && withThem.Contains(i.Id)));
    }

    private async Task<Response> Listed(
        IQueryable<Image> scope, Request request, Call call, DateTimeOffset now, CancellationToken cancel)
    {
        var (rows, rest) = ImageFilters.Set.Apply(scope, request.Filters, db, call);
        var page = await paging.Read(rows, i => i.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        return await Answer(page.Rows, page.NextToken, call, now, cancel);
    }

    private async Task<Response> Answer(
        IReadOnlyList<Image> images, string? nextToken, Call call, DateTimeOffset now, CancellationToken cancel)
    {
        var ids = new string[images.Count];
        for (var i = 0; i < ids.Length; i++)
            ids[i] = images[i].Id;
        var tags = await Tagging.Of(db, call.AccountId, ids, cancel);
        var items = new ImageItem[images.Count];
        for (var i = 0; i < items.Length; i++)
            items[i] = ImageItem.Of(images[i], tags.Of(images[i].Id), call.AccountId, now);
        return new Response { Images = items, NextToken = nextToken };
    }
}

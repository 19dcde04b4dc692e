using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Follows an image back to where it came from, image by image. EC2 API Reference "GetImageAncestry".
/// </summary>
/// <remarks>The chain ends at an image that the caller may not see: its id is told, but nothing of it.</remarks>
[Operation("ec2:GetImageAncestry")]
public sealed class GetImageAncestry(Db db) : IOperation<GetImageAncestry.Request, GetImageAncestry.Response>
{
    /// <summary>The call.</summary>
    public sealed record Request
    {
        /// <summary>The image.</summary>
        public required string ImageId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The image itself first, then its parents.</summary>
    public sealed record Response(
        [property: Wire("imageAncestryEntrySet")] IReadOnlyList<Entry> ImageAncestryEntries);

    /// <summary>One image of the chain. EC2 API Reference "ImageAncestryEntry".</summary>
    public sealed record Entry(
        string ImageId, DateTimeOffset CreationDate, string? SourceImageId, string? SourceImageRegion);

    /// <summary>Links followed: a chain of daily images for thirty years is no longer.</summary>
    public const int LinksMax = 10_000;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        ImageAccess.CheckId(request.ImageId);
        var image = await Visible(request.ImageId, call.Region, call, cancel);
        if (image is null or { State: ImageState.Deregistered })
            throw Ec2Error.InvalidAmiIdNotFound(request.ImageId);
        await call.Authorize(Arn.Image(call.Region, image.Id));

        var chain = new List<Entry>();
        while (image is not null && chain.Count < LinksMax)
        {
            chain.Add(new Entry(image.Id, image.CreationDate, image.SourceImageId, image.SourceImageRegion));
            image = image is { SourceImageId: { } parent, SourceImageRegion: { } region }
                ? await Visible(parent, region, call, cancel) : null;
        }
        return new Response(chain);
    }

    private async Task<Image?> Visible(string id, string region, Call call, CancellationToken cancel)
    {
        var image = await db.Images.AsNoTracking().SingleOrDefaultAsync(i => i.Id == id && i.Region == region, cancel);
        return image is not null && await ImageAccess.MaySee(db, image, call.AccountId, cancel) ? image : null;
    }
}
